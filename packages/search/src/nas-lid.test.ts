import { cpu } from '@ma-net/backend-cpu';
import { type Batch, crossEntropy, Rng, type Sections, startBackend, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Searching } from './darts.ts';
import { goodness } from './goodness.ts';
import { compared, openEdges, profileOf } from './lid/compare.ts';
import { keptAt, readAllowed, weightsAt, weightShapes } from './lid/places.ts';
import { planned, trainedBefore } from './lid/plan.ts';
import { nasLid } from './nas-lid.ts';
import { nasLidOptions } from './options.ts';
import { everything, genotypeOfPath, isWithin, randomPath, readTried } from './paths.ts';
import { supernet } from './supernet.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const images = { numClasses: 3, inputShape: [8, 8, 1] } as const;
const network = supernet('s', { space: 'nas-bench-201', channels: 2, layers: 1 }, images);
const { space } = network;
const task: Task<Batch> = {
  name: 'tiny',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images: x }) => ({ images: x! }),
  loss: ({ logits }, { labels }) => ({ loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D) }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
};
const batchOf = (seed: number): Batch => ({
  images: tf.tensor4d(Rng.fromSeed(seed).normals(8 * 64, 1), [8, 8, 8, 1]),
  labels: tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'),
});
const contextOf = (b: number) => ({ training: true, rng: Rng.fromSeed(7).split(b) });
const chosen = { levels: 1, warmup: 2, compare: 2, tune: 1, population: 5, generations: 2, measure: 2 };

/** Runs a search from its first mini-batch to its last, with plain gradient steps. */
async function run(training: Searching<Batch>, each: (b: number, state: Sections) => void = () => undefined) {
  let state: Sections = { ...network.init(Rng.fromSeed(2)), ...training.init(Rng.fromSeed(1)) };
  for (const round of training.rounds)
    for (let b = round.start; b < round.start + round.length; b++) {
      state = { ...state, ...(await training.before!(b, round, state))?.replaced };
      const step = await training.step(b, round, state, batchOf(b), contextOf(b));
      const moved = Object.entries(step.grads['params'] ?? {}).map(([name, g]): [string, tf.Tensor] => [
        name,
        tf.sub(state.params[name]!, tf.mul(g, 0.1)),
      ]);
      const params = { ...state.params, ...Object.fromEntries(moved) };
      state = { ...state, params, stats: { ...state.stats, ...step.stats }, ...step.replaced };
      each(b, state);
    }
  return state;
}
const same = async (one: tf.Tensor, other: tf.Tensor): Promise<boolean> =>
  (await one.data()).join() === (await other.data()).join();

test('each candidate is measured with the weights of the sub-supernet that holds it', async () => {
  const training = nasLid(chosen).open(task, { budget: 10, batchesPerEpoch: 2 }) as Searching<Batch>;
  const after: Sections[] = [];
  const state = await run(training, (_, now) => after.push(now));
  const places = await readAllowed(space, state['allowed']!);
  const [one, other] = places;
  const divided = space.edges.flatMap((_, e) => (one!['cell']![e]!.length < 5 ? [e] : []));
  expect(divided).toHaveLength(1);
  const [edge] = divided as [number];
  expect([...one!['cell']![edge]!, ...other!['cell']![edge]!].toSorted()).toEqual([0, 1, 2, 3, 4]);

  const tried = await readTried(space, state['tried']!, 10);
  expect(new Set(tried.map(({ path }) => JSON.stringify(path))).size).toBe(10);
  for (const [i, { path, score }] of tried.entries()) {
    const own = weightsAt(state['subnets']!, isWithin(path, one!) ? 0 : 1, state);
    const batches = i < 5 ? [6, 7] : [8, 9];
    let sum = 0;
    for (const b of batches) {
      const args = [task, own.params, own.stats, batchOf(b), contextOf(b), network.path(path)] as const;
      sum += (await goodness(...args)).good / 2;
    }
    expect(score).toBeCloseTo(sum, 5);
  }
  // Both were trained from the same weights, each by its own paths.
  const name = 'classifier.weight';
  const [start, first, second] = [
    after[1]!.params,
    ...[0, 1].map((p) => weightsAt(state['subnets']!, p, state).params),
  ];
  expect(await same(after[4]!.params[name]!, first![name]!)).toBe(true);
  expect(await same(after[5]!.params[name]!, second![name]!)).toBe(true);
  expect(await same(first![name]!, second![name]!)).toBe(false);
  expect(await same(first![name]!, start![name]!)).toBe(false);

  const best = tried.reduce((most, it) => (it.score > most.score ? it : most));
  expect((await training.found(state)).genotype).toEqual(genotypeOfPath(space, best.path));
  const held = isWithin(best.path, one!) ? first! : second!;
  expect(await same(training.weights(state)[name]!, held[name]!)).toBe(true);
  const ones = [...(await training.weights(state)['weights.cell']!.data())].filter((value) => value === 1);
  expect(ones).toHaveLength(6);
});

test('the plan trains and divides level by level, with a schedule for each training', () => {
  const plan = planned({ budget: 40, batchesPerEpoch: 4 }, nasLidOptions.parse({ ...chosen, levels: 2 }));
  // (2 + 2) three times, 1 four times, 2 twice; the rest trains the whole.
  expect(plan.rounds.map(({ kind, start, length }) => [kind, start, length])).toEqual([
    ['supernet', 0, 22],
    ['divide', 22, 2],
    ['supernet', 24, 2],
    ['divide', 26, 2],
    ['supernet', 28, 2],
    ['divide', 30, 2],
    ...[32, 33, 34, 35].map((start) => ['tune', start, 1]),
    ['evolve', 36, 2],
    ['evolve', 38, 2],
  ]);
  expect(plan.rounds[2]!.schedule).toEqual({ start: 24, length: 2 });
  const before = [0, 2, 4, 6, 10, 11].map((index) => trainedBefore(plan, index));
  expect(before.map((owned) => owned && [owned.at, owned.places])).toEqual([
    undefined,
    [0, 4],
    [0, 2],
    [2, 2],
    [3, 1],
    undefined,
  ]);
});

test('operations of open edges are compared on a mini-batch, each with itself the same', async () => {
  const { params, stats } = network.init(Rng.fromSeed(3));
  const from = {
    task,
    network,
    params,
    stats,
    ctx: contextOf(0),
    neighbours: 4,
    likeness: 'cosine',
  } as const;
  const allowed = { cell: everything(space)['cell']!.with(1, [0, 2]) };
  expect(openEdges(space, allowed).map(({ edge }) => edge)).toEqual([0, 2, 3, 4, 5]);
  const before = tf.memory().numTensors;
  const batch = batchOf(1);
  const { similarity, loss } = await compared(from, allowed, batch);
  expect(loss).toBeGreaterThan(0);
  expect(similarity).toHaveLength(5);
  for (const matrix of similarity) for (const [i, row] of matrix.entries()) expect(row[i]).toBeCloseTo(1, 5);
  const { profile } = await profileOf(from, randomPath(space, allowed, Rng.fromSeed(1)), batch);
  expect(profile).toHaveLength(network.cells);
  expect(profile.every((value) => value > 0)).toBe(true);
  tf.dispose(batch as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
});

test('weights are kept at the places of a sub-supernet, and nowhere else', async () => {
  const like = network.init(Rng.fromSeed(4));
  const other = network.init(Rng.fromSeed(5));
  const all = keptAt({}, { at: 0, places: 4 }, like);
  expect(Object.keys(all).toSorted()).toEqual(Object.keys(weightShapes(network, 4)).toSorted());
  const next = keptAt(all, { at: 2, places: 1 }, other);
  const name = 'stem.0.weight';
  for (const [place, from] of [like, like, other, like].entries())
    expect(await same(weightsAt(next, place, like).params[name]!, from.params[name]!)).toBe(true);
  expect(next[`1/${name}`]).toBe(all[`1/${name}`]);
});
