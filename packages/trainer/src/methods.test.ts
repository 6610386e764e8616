// What a method may ask of the loop, shown by methods of a few lines.

import { cpu } from '@ma-net/backend-cpu';
import { plain } from '@ma-net/baselines';
import {
  type Batch,
  type BatchSource,
  type Method,
  type Params,
  Rng,
  startBackend,
  type Task,
} from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { classification } from '@ma-net/task-classification';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import {
  decodeCheckpoint,
  disposeState,
  encodeCheckpoint,
  fit,
  initialState,
  openMethod,
  type TrainingEvent,
  type TrainingOptions,
} from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const network = await networkOf(3);
const options: TrainingOptions = {
  seed: 1,
  budget: 6,
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 0 },
  learningRate: 0.1,
  schedule: { name: 'constant' },
};

async function networkOf(classes: number) {
  const { createTNet } = await import('@ma-net/tnet');
  return createTNet('resnet-test', { numClasses: classes, inputShape: [8, 8, 1] });
}

/** Random images; remembers which splits were asked for. */
function sourceOf(
  seed: number,
  views = 1,
): BatchSource<ImageBatch> & { readonly asked: (string | undefined)[] } {
  const rng = Rng.fromSeed(seed);
  const asked: (string | undefined)[] = [];
  return {
    asked,
    views,
    batchesPerEpoch: 2,
    async next(split) {
      asked.push(split);
      return {
        images_BHWC: tf.tensor4d(rng.normals(4 * views * 64, 1), [4 * views, 8, 8, 1]),
        labels_B: tf.tensor1d(
          Int32Array.from({ length: 4 * views }, () => rng.integer(3)),
          'int32',
        ),
      };
    },
    state: () => null,
    restore: () => undefined,
    close: async () => undefined,
  };
}

async function weightsAfter(
  method: Method,
  {
    source = sourceOf(7),
    task: given = classification(network),
  }: {
    readonly source?: BatchSource<ImageBatch>;
    readonly task?: Task<ImageBatch>;
  } = {},
): Promise<{ readonly weights: number[]; readonly events: TrainingEvent[] }> {
  const { task, training } = openMethod(method, given, source, options);
  const state = initialState(task, training, options.seed);
  const events: TrainingEvent[] = [];
  const listen = (event: TrainingEvent): void => void events.push(event);
  await fit({ task, training, options, source, state, listen });
  const weights = await flat(state.sections.params);
  disposeState(state);
  return { weights, events };
}

async function flat(params: Params): Promise<number[]> {
  const read = await Promise.all(Object.values(params).map((t) => t.data()));
  return read.flatMap((values) => Array.from(values));
}

/** The plain method, with something of its own. */
function like(change: (training: ReturnType<Method['open']>) => Partial<ReturnType<Method['open']>>): Method {
  const base = plain();
  return {
    ...base,
    name: 'tiny',
    open<B extends Batch>(task: Task<B>, length: { budget: number; batchesPerEpoch: number }) {
      const training = base.open(task, length);
      return { ...training, ...change(training as never) } as typeof training;
    },
  };
}

test('a round draws from the part of the training set that it names', async () => {
  const source = sourceOf(7);
  await weightsAfter(
    like(({ rounds }) => ({
      rounds: rounds.map((round) => (round.index === 1 ? { ...round, split: 'held out' } : round)),
    })),
    { source },
  );
  expect(source.asked).toEqual([undefined, undefined, 'held out', 'held out', undefined, undefined]);
});

test('a round may draw from several parts at once: their samples stand one after the other', async () => {
  const source = sourceOf(7);
  const seen: number[] = [];
  await weightsAfter(
    like(({ rounds, step }) => ({
      rounds: rounds.map((round) => ({ ...round, split: ['one', 'other'] })),
      step(b, round, state, batch, ctx) {
        const images = (batch as unknown as ImageBatch).images_BHWC;
        seen.push(images.shape[0], Math.round(8 * ctx.progress!));
        return step(b, round, state, batch, ctx);
      },
    })),
    { source },
  );
  expect(source.asked).toEqual(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 'one' : 'other')));
  expect(seen).toEqual([8, 0, 8, 1, 8, 3, 8, 4, 8, 5, 8, 7]);
});

test('a method gets as many views as it asks for, or is refused', async () => {
  const twice: Method = { ...plain(), views: 2 };
  const source = sourceOf(7, 2);
  expect((await weightsAfter(twice, { source })).events.at(-1)).toMatchObject({ type: 'end', step: 6 });
  expect(() => openMethod(twice, classification(network), sourceOf(7), options)).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(/1 views .*not 2/) }),
  );
});

test('a method may train another task in place of the one given', async () => {
  const doubled: Method = {
    ...plain(),
    wrap: (task) => ({
      ...task,
      loss(outputs, batch, ctx) {
        const { loss, ...terms } = task.loss(outputs, batch, ctx);
        return { ...terms, half: loss, loss: tf.mul(loss, 2) };
      },
    }),
  };
  const { events } = await weightsAfter(doubled);
  for (const event of events)
    if (event.type === 'step') expect(event.loss).toBeCloseTo(2 * event.terms['half']!, 6);
});

test('counters are scalars of a section; with a checkpoint between they go on', async () => {
  const counting = like((training) => ({
    sections: { turns: { shapes: { done: [] } } },
    init: () => ({ turns: { done: tf.scalar(0) } }),
    async step(b, round, state, batch, ctx) {
      const made = await training.step(b, round, state, batch, ctx);
      return { ...made, replaced: { turns: { done: tf.add(state['turns']!['done']!, 1) } } };
    },
  }));
  const source = sourceOf(7);
  const { task, training } = openMethod(counting, classification(network), source, options);
  const run = { task, training, options, source, listen: () => undefined };
  const state = initialState(task, training, 1);
  let bytes = new Uint8Array();
  await fit({
    ...run,
    state,
    saveEvery: 4,
    save: async (s) => {
      if (s.step === 4) bytes = Uint8Array.from(await encodeCheckpoint(s, source, network));
    },
  });
  expect(await flat(state.sections['turns']!)).toEqual([6]);
  const { state: restored } = decodeCheckpoint(bytes, { network, training, options }, 'memory');
  expect(await flat(restored.sections['turns']!)).toEqual([4]);
  await fit({ ...run, state: restored });
  expect(await flat(restored.sections['turns']!)).toEqual([6]);

  const plainTraining = openMethod(plain(), classification(network), source, options).training;
  expect(() => decodeCheckpoint(bytes, { network, training: plainTraining, options }, 'memory')).toThrow(
    expect.objectContaining({ code: 'network-mismatch', message: expect.stringMatching(/section "turns"/) }),
  );
});

test('a step without a loss is refused', async () => {
  const lossless = like((training) => ({
    async step(b, round, state, batch, ctx) {
      const { terms, ...made } = await training.step(b, round, state, batch, ctx);
      tf.dispose(terms);
      return { ...made, terms: {} };
    },
  }));
  await expect(weightsAfter(lossless)).rejects.toMatchObject({ code: 'bad-argument' });
});

test('rounds may begin the schedule of the learning rate anew', async () => {
  const { training } = openMethod(
    like(({ rounds }) => ({
      rounds: rounds.map((round) => {
        const start = round.start < 4 ? 0 : 4;
        return { ...round, schedule: { start, length: start === 0 ? 4 : 2 } };
      }),
    })),
    classification(network),
    sourceOf(7),
    options,
  );
  const cosine: TrainingOptions = { ...options, schedule: { name: 'cosine' } };
  const state = initialState({ network }, training, 1);
  const rates: number[] = [];
  await fit({
    task: classification(network),
    training,
    options: cosine,
    source: sourceOf(7),
    state,
    listen: (event) => void (event.type === 'step' && rates.push(event.learningRate)),
  });
  const of = (b: number, length: number): number => 0.05 * (1 + Math.cos((Math.PI * b) / length));
  const expected = [of(0, 4), of(1, 4), of(2, 4), of(3, 4), of(0, 2), of(1, 2)];
  rates.forEach((rate, b) => expect(rate).toBeCloseTo(expected[b]!, 12));
  expect(rates).toHaveLength(6);
  disposeState(state);
});

test('a section may be trained as W is', async () => {
  const shapes = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, shape]));
  const twins = like((training) => ({
    sections: { twins: { shapes, optimization: 'params' } },
    init: (rng) => ({ twins: network.init(rng.split('network')).params }),
    async step(b, round, state, batch, ctx) {
      const made = await training.step(b, round, state, batch, ctx);
      const grads = Object.entries(made.grads['params']!).map(([name, g]) => [name, g.clone()]);
      return { ...made, grads: { ...made.grads, twins: Object.fromEntries(grads) } };
    },
  }));
  const source = sourceOf(7);
  const { task, training } = openMethod(twins, classification(network), source, options);
  const state = initialState(task, training, options.seed);
  await fit({ task, training, options, source, state, listen: () => undefined });
  expect(await flat(state.sections['twins']!)).toEqual(await flat(state.sections.params));
  disposeState(state);
});
