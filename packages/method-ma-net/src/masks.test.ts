import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Params, Rng, type Sections, startBackend } from '@ma-net/core';
import { masksOf, thresholds } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { connectionShapes, maskChange, type MaskOptions, maskKeeper, readScores } from './masks.ts';
import { planRounds } from './rounds.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

/** Two kernels of 6 x 5 connections of 9 parameters, and 5 x 4 of one. */
const network = defineNetwork('two', { images: [4, 4, 6] }, (net, { images }) => {
  const a = net.relu(net.conv('a', images, { out: 5, kernel: 3 }));
  return { logits: net.conv('b', a, { out: 4, kernel: 1 }) };
});
const { kernels } = network;
const scoresOf = (seed: number): Params =>
  Object.fromEntries(
    Object.entries(connectionShapes(kernels)).map(([name, shape]) => [
      name,
      tf.tensor(
        Rng.fromSeed(seed)
          .split(name)
          .uniforms(shape[0]! * shape[1]!, 0, 2),
        [...shape],
      ),
    ]),
  );
const options: MaskOptions = {
  prune: { mode: 'target', removeModulated: 0.5 },
  freeze: 0.75,
  maskEvery: 'round',
};
const ramp = { plain: 100, budget: 300, ramp: 0.5 };
const state = (masks: Params): Sections => ({ params: {}, stats: {}, masks });
const round = (start: number) => ({ index: 1, kind: 'neurons', start, length: 50 });

test('counts what died, what came back, and what it is worth, against the masks before', async () => {
  const keeper = maskKeeper(network, options, ramp);
  expect(await keeper.held(state({}))).toBeUndefined();
  const first = await keeper.renew(250, scoresOf(1), state({}));
  const second = await keeper.renew(250, scoresOf(2), state(first.masks));
  const host = async (seed: number) => {
    const scores = await readScores(kernels, scoresOf(seed));
    return masksOf(kernels, scores, thresholds(kernels, scores, { mode: 'target', removeModulated: 0.5 }));
  };
  const [before, after] = [await host(1), await host(2)];
  const all = kernels.flatMap(({ param, area }) =>
    [...after[param]!].map((now, i) => ({ area, now, old: before[param]![i]! })),
  );
  expect(second.change).toEqual({
    kept: all.filter(({ now }) => now === 1).length,
    connections: 50,
    died: all.filter(({ now, old }) => old === 1 && now === 0).length,
    revived: all.filter(({ now, old }) => old === 0 && now === 1).length,
    removedParams: all.reduce((sum, { area, now }) => sum + area * (1 - now), 0),
    channelsByKernel: kernels.map(({ param, preNeurons, postNeurons }) => {
      const read = new Set(
        [...after[param]!].flatMap((one, i) => (one === 1 ? [Math.floor(i / postNeurons)] : [])),
      );
      expect(read.size).toBeLessThanOrEqual(preNeurons);
      return read.size;
    }),
    keptByKernel: kernels.map(({ param }) => after[param]!.reduce((sum, one) => sum + one, 0)),
  });
  expect(second.change.died).toBeGreaterThan(0);
  expect(second.change.revived).toBeGreaterThan(0);
  expect(await keeper.held(state(second.masks))).toEqual(after);
});

test('a change is told by kernel as well, and all lived before the first', () => {
  const kernels = [
    { param: 'a', preNeurons: 2, postNeurons: 2 },
    { param: 'b', preNeurons: 1, postNeurons: 3 },
  ] as never;
  const first = { a: Uint8Array.of(1, 0, 0, 0), b: Uint8Array.of(1, 1, 1) };
  const second = { a: Uint8Array.of(0, 0, 1, 1), b: Uint8Array.of(1, 0, 1) };
  const of = { connections: 7 };
  expect(maskChange(kernels, undefined, first)).toEqual({
    ...{ ...of, kept: 4, died: 3, revived: 0 },
    ...{ keptByKernel: [1, 3], channelsByKernel: [1, 1] },
  });
  expect(maskChange(kernels, first, second)).toEqual({
    ...{ ...of, kept: 4, died: 2, revived: 2 },
    ...{ keptByKernel: [2, 2], channelsByKernel: [1, 1] },
  });
});

test('masks come back from the device only where somebody else made them', async () => {
  const keeper = maskKeeper(network, options, ramp);
  const { masks } = await keeper.renew(250, scoresOf(1), state({}));
  const data = vi.spyOn(tf.Tensor.prototype, 'data');
  const known = await keeper.held(state(masks));
  expect(data).not.toHaveBeenCalled();
  // As after a checkpoint, or when one of them was replaced.
  const copies = { ...masks, 'b.weight': masks['b.weight']!.clone() };
  expect(await keeper.held(state(copies))).toEqual(known);
  expect(data).toHaveBeenCalledTimes(kernels.length);
  data.mockRestore();
});

test('masks are due at first, at the beginning of rounds or at every iteration, until they freeze', () => {
  const some = state(scoresOf(1));
  const due = (every: MaskOptions['maskEvery'], b: number, start: number, sections = some): boolean =>
    maskKeeper(network, { ...options, maskEvery: every }, ramp).due(b, round(start), sections);
  expect(due('round', 130, 100, state({}))).toBe(true);
  expect([due('round', 150, 150), due('round', 151, 150), due('iteration', 151, 150)]).toEqual([
    true,
    false,
    true,
  ]);
  // 100 + 0.75 * 200 = 250.
  expect([due('round', 250, 250), due('round', 251, 251), due('iteration', 251, 250)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('a target that a run is too short for is told, with what may go', () => {
  const lengths = { batchesPerEpoch: 4, plainRounds: 1, astrocyteIterations: 4, alternate: true };
  const told = (budget: number, prune: MaskOptions['prune'] = options.prune) =>
    maskKeeper(network, { ...options, prune }, { plain: 4, budget, ramp: 0.7 }).shortfall(
      planRounds({ ...lengths, budget }),
    );
  expect(told(12)).toMatch(/at most 50 % .*for the last time at mini-batch 5 of 12, when at most 0.0 %/);
  expect(told(200)).toBeUndefined();
  expect(told(12, { mode: 'delta', delta: 1e-3, kappa: 0.5 })).toBeUndefined();
  const never = maskKeeper(network, options, ramp).shortfall([
    { index: 0, kind: 'plain', start: 0, length: 300 },
  ]);
  expect(never).toMatch(/no round of this run decides/);
});
