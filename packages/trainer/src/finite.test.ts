import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, encodeSafetensors, type Method, startBackend, type Task } from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { allValues, methods, setup } from '../test/short-run.ts';
import { decodeCheckpoint, encodeCheckpoint, fit, initialState, openMethod } from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

describe('numbers that are none', () => {
  /** The task with a loss whose gradient is NaN from mini-batch `at` on, while its value stays what it was. */
  const poisoned = (task: Task<ImageBatch>, at: number): Task<ImageBatch> => {
    let calls = 0;
    return {
      ...task,
      loss(outputs, batch, ctx) {
        const { loss, ...terms } = task.loss(outputs, batch, ctx);
        if (++calls < at) return { loss, ...terms };
        // sqrt(0) = 0, and its gradient is 1 / 0; times 0 that is NaN.
        const zero = tf.mul(outputs['logits']!, 0);
        return { ...terms, loss: tf.add(loss, tf.sum(tf.mul(tf.sqrt(zero), 0))) as tf.Scalar };
      },
    };
  };

  test('a gradient of NaN under a finite loss is refused before it is kept, and the checkpoint is whole', async () => {
    const whole = await setup('plain');
    const method: Method = { ...methods.plain(), wrap: (task) => poisoned(task as never, 9) as never };
    const { task, training } = openMethod(method, whole.task, whole.source, whole.options);
    const state = initialState(task, training, 5);
    const saved: { step: number; bytes: Uint8Array }[] = [];
    let [losses, last] = [0, await allValues(state)];
    const run = fit({
      ...whole.run,
      task,
      training,
      state,
      saveEvery: 4,
      save: async (s) => {
        saved.push({ step: s.step, bytes: await encodeCheckpoint(s, whole.source, whole.network) });
      },
      async listen(event) {
        if (event.type !== 'step') return;
        losses++;
        last = await allValues(state);
      },
    });
    await expect(run).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(
        /norm of the gradient of params became NaN[\s\S]*mini-batch 9, round 1[\s\S]*the checkpoint of mini-batch 8 is whole/,
      ),
    });
    expect(losses).toBe(8);
    // The state is that of the mini-batch before, to the bit, and so is what was saved of it.
    expect(await allValues(state)).toEqual(last);
    expect(saved.map(({ step }) => step)).toEqual([4, 8]);
    const restored = decodeCheckpoint(saved[1]!.bytes, whole, 'memory');
    expect(await allValues(restored.state)).toEqual(last);
  });

  test('a loss of NaN is refused before anything is saved over', async () => {
    const { run, start } = await setup('plain', {}, 30, { learningRate: 1e30 });
    const saves: number[] = [];
    await expect(
      fit({
        ...run,
        state: start(),
        saveEvery: 1,
        save: async (s) => void saves.push(s.step),
        listen: () => undefined,
      }),
    ).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/mini-batch \d+, round \d \(plain\)/),
    });
    expect(saves.length).toBeLessThan(4);
  });

  test('weights that an update of finite gradients made infinite are not saved', async () => {
    const whole = await setup('plain', {}, 30, { learningRate: 1e39 });
    const saves: number[] = [];
    const run = fit({
      ...whole.run,
      state: whole.start(),
      saveEvery: 1,
      save: async (s) => {
        await encodeCheckpoint(s, whole.source, whole.network);
        saves.push(s.step);
      },
      listen: () => undefined,
    });
    await expect(run).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/params\/[\s\S]*mini-batch 1[\s\S]*nothing of it was saved/),
    });
    expect(saves).toEqual([]);
  });

  test('measures of NaN end a run before it is called trained', async () => {
    const { run, start } = await setup('plain', {}, 1, { learningRate: 1e38 });
    const types: string[] = [];
    const training = fit({
      ...run,
      state: start(),
      save: async () => undefined,
      listen: (event) => void types.push(event.type),
    });
    await expect(training).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/evaluation after mini-batch 1[\s\S]*nothing was saved yet/),
    });
    expect(types).toEqual(['start', 'round', 'step']);
  });

  test('a checkpoint that holds one is refused, by the name of the tensor', async () => {
    const whole = await setup('plain');
    const state = whole.start();
    const good = await encodeCheckpoint(state, whole.source, whole.network);
    const { tensors, metadata } = decodeSafetensors(good, 'memory');
    tensors['params/fc.weight']!.data[3] = Number.NaN;
    expect(() => decodeCheckpoint(encodeSafetensors(tensors, metadata), whole, 'old')).toThrow(
      expect.objectContaining({ code: 'non-finite', message: expect.stringContaining('params/fc.weight') }),
    );
  });
});
