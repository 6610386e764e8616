import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, evaluate, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { EPOCH, setup, values } from '../test/short-run.ts';
import { asUsed, AVERAGES, beginAverages, decayAt, movedAverages } from './averages.ts';
import { decodeCheckpoint, disposeState, encodeCheckpoint, fit, type TrainingState } from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const ema = { decay: 0.8, warmup: true };

test('what stays is what timm keeps', () => {
  // ModelEmaV3(decay=0.9998, use_warmup=True).get_decay(step)
  const expected = { 1: 0, 2: 0.3700395, 3: 0.5192501, 10: 0.7845565, 1000: 0.99, 1_000_000: 0.9998 };
  for (const [step, decay] of Object.entries(expected)) {
    expect(decayAt({ decay: 0.9998, warmup: true }, Number(step))).toBeCloseTo(decay, 7);
    expect(decayAt({ decay: 0.9998 }, Number(step))).toBe(Number(step) === 1 ? 0 : 0.9998);
  }
});

test('the averages begin as what they are of, and move by their share', async () => {
  const state: TrainingState = { step: 0, sections: { params: { w: tf.tensor([2, 4]) }, stats: {} } };
  beginAverages(state);
  expect(await values(state.sections[AVERAGES.params]!)).toEqual({ w: [2, 4] });
  const next = movedAverages(state, { params: { w: tf.tensor([6, 0]) }, stats: {} }, 0.75);
  expect(await values(next[AVERAGES.params]!)).toEqual({ w: [3, 3] });
});

test.each(['plain', 'magnitude', 'ma-net'] as const)(
  '%s: averages of what a mini-batch moves, measured in its place',
  async (method) => {
    const { run, start } = await setup(method, {}, 30, { ema });
    const state = start();
    const oracle: Record<string, number[]> = {};
    let last: Readonly<Record<string, number>> = {};
    await fit({
      ...run,
      state,
      async listen(event) {
        if (event.type === 'evaluation') last = event.measures;
        if (event.type !== 'step' || event.round.kind === 'astrocytes') return;
        const now = { ...(await values(state.sections.params)), ...(await values(state.sections.stats)) };
        const stays = event.step === 1 ? 0 : Math.min(0.8, 1 - event.step ** (-2 / 3));
        for (const [name, value] of Object.entries(now))
          oracle[name] = value.map((x, i) => stays * (oracle[name]?.[i] ?? 0) + (1 - stays) * x);
      },
    });
    const used = asUsed(state);
    const found = { ...(await values(used.sections.params)), ...(await values(used.sections.stats)) };
    expect(Object.keys(found).sort()).toEqual(Object.keys(oracle).sort());
    for (const [name, value] of Object.entries(found)) {
      const worst = Math.max(...value.map((x, i) => Math.abs(x - oracle[name]![i]!)));
      expect(worst, name).toBeLessThan(2e-6);
    }
    expect(await values(used.sections.params)).not.toEqual(await values(state.sections.params));

    const params = run.training.weights(used.sections);
    const { stats } = used.sections;
    expect(await evaluate(run.task, { params, stats }, run.evaluationBatches!())).toEqual(last);
    // What is dead stays dead: the masks are applied to the averages.
    if (run.training.removal !== undefined) {
      const kernels = Object.values(await values(params)).flat();
      expect(kernels.filter((x) => x === 0).length).toBeGreaterThan(100);
    }
    tf.dispose(params as tf.TensorContainerObject);
    disposeState(used);
  },
);

test('without them nothing of it is there, and W is the same', async () => {
  const [with_, without] = await Promise.all(
    [{ ema }, {}].map(async (options) => {
      const { run, start } = await setup('ma-net', {}, 12, options);
      const state = start();
      await fit({ ...run, state, listen: () => undefined });
      return state;
    }),
  );
  expect(await values(with_!.sections.params)).toEqual(await values(without!.sections.params));
  expect(Object.values(AVERAGES).filter((name) => name in without!.sections)).toEqual([]);
  expect(asUsed(without!)).toBe(without);
  disposeState(with_!);
  disposeState(without!);
});

test('a resumed run has the averages of one that never stopped, and leaves no tensor behind', async () => {
  const finished = async (stopAt?: number) => {
    const { run, start, network, training, options, source } = await setup('magnitude', {}, 24, { ema });
    const resumable = { network, training, options };
    let state = start();
    const saved = new Map<number, Uint8Array>();
    const stop = new AbortController();
    await fit({
      ...run,
      state,
      signal: stop.signal,
      saveEvery: EPOCH,
      save: async (s) => void saved.set(s.step, await encodeCheckpoint(s, source, network)),
      listen: (e) => void (e.type === 'step' && e.step === stopAt && stop.abort()),
    });
    if (stopAt !== undefined) {
      disposeState(state);
      const again = decodeCheckpoint(saved.get(stopAt)!, resumable, 'memory');
      source.restore(again.source);
      ({ state } = again);
      await fit({
        ...run,
        state,
        save: async (s) => void saved.set(s.step, await encodeCheckpoint(s, source, network)),
        listen: () => undefined,
      });
    }
    disposeState(state);
    return decodeSafetensors(saved.get(24)!, 'memory').tensors;
  };
  const whole = await finished();
  const before = tf.memory().numTensors;
  const resumed = await finished(14);
  expect(Object.keys(resumed).filter((name) => name.includes('.average/')).length).toBeGreaterThan(20);
  expect(resumed).toEqual(whole);
  expect(tf.memory().numTensors).toBe(before);
});
