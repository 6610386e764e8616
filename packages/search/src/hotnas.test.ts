import { cpu } from '@ma-net/backend-cpu';
import { type Batch, crossEntropy, Rng, type Sections, startBackend, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Searching } from './darts.ts';
import { genotypeJson, parseGenotype } from './genotype.ts';
import { hotnas } from './hotnas.ts';
import { supernet } from './supernet.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

test('a candidate of the DARTS space begins afresh, as the path of its genotype', async () => {
  const images = { numClasses: 3, inputShape: [8, 8, 1] } as const;
  const network = supernet('s', { space: 'darts', channels: 4, layers: 3 }, images);
  const task: Task<Batch> = {
    name: 'tiny',
    network,
    headline: { measure: 'loss', better: 'smaller' },
    inputs: ({ images: x }) => ({ images: x! }),
    loss: ({ logits }, { labels }) => ({
      loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
    }),
    decode: () => [],
    meter: () => ({ add: () => undefined, result: () => ({}) }),
  };
  const method = hotnas({ evaluations: 2, measure: 1, first: 2 });
  const training = method.open(task, { budget: 7, batchesPerEpoch: 2 }) as Searching<Batch>;
  expect(training.rounds.map(({ kind, start, length }) => [kind, start, length])).toEqual([
    ['candidate', 0, 2],
    ['measure', 2, 1],
    ['candidate', 3, 2],
    ['measure', 5, 2],
  ]);
  const momentum = { 'momentum/stem.0.weight': tf.ones([3, 3, 1, 12]) };
  const own = training.init(Rng.fromSeed(1));
  let state: Sections = { ...network.init(Rng.fromSeed(2)), ...own, 'params.optimizer': momentum };
  const [first, , second] = training.rounds;
  const begun = (await training.before!(0, first!, state))!.replaced;
  expect(await training.before!(1, first!, state)).toBeUndefined();
  expect(
    [...(await begun['params.optimizer']!['momentum/stem.0.weight']!.data())].every((m) => m === 0),
  ).toBe(true);
  state = { ...state, ...begun };
  const again = (await training.before!(3, second!, state))!.replaced;
  const weight = async (of: Sections): Promise<number[]> => [
    ...(await of.params['classifier.weight']!.data()),
  ];
  expect(await weight(again as Sections)).toEqual(await weight(state));
  state = { ...state, ...again, tried: { ...again['tried']!, scores: tf.tensor1d([1, 2]) } };

  const { genotype } = await training.found(state);
  expect(parseGenotype(genotypeJson(genotype), 'darts')).toEqual(genotype);
  if (genotype.space !== 'darts') return;
  const { edges, operations } = network.space;
  for (const cell of ['normal', 'reduce'] as const) {
    const path = [...(await state['path']![cell]!.data())];
    const kept = edges.flatMap(({ from }, e) => (path[e] === -1 ? [] : [[operations[path[e]!], from]]));
    expect(kept).toEqual(genotype[cell]);
  }
  // What is evaluated is the path: ones and zeros.
  const weights = [...(await training.weights(state)['weights.normal']!.data())];
  expect(weights.filter((value) => value === 1)).toHaveLength(8);
  expect(weights.filter((value) => value === 0)).toHaveLength(14 * 7 - 8);
});
