import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { structuredNetworks } from '../test/structured-magnitude.ts';
import { groups, kernels, network, scoresOf, weights } from '../test/neuron-level.ts';
import { allUnits, unitGroups } from './unit-groups.ts';
import { unitMagnitudes, unitScores } from './unit-scores.ts';

describe('unitScores', () => {
  test.each([1, 2, 3, 4])('have mean 1 in every group, whoever is dead (%i)', (seed) => {
    const rng = Rng.fromSeed(seed);
    const masks = groups.map(({ units }) =>
      Uint8Array.from({ length: units }, () => Number(rng.uniform() < 0.6)),
    );
    masks.forEach((mask) => mask.fill(1, 0, 1));
    for (const scores of unitScores(groups, kernels, scoresOf('q1'), masks)) {
      expect(scores.reduce((sum, s) => sum + s, 0) / scores.length).toBeCloseTo(1, 5);
    }
  });

  test('are 1 for every unit when all connections weigh the same', () => {
    const even = Object.fromEntries(
      kernels.map((k) => [k.param, new Float32Array(k.preNeurons * k.postNeurons).fill(1)]),
    );
    for (const scores of unitScores(groups, kernels, even, allUnits(groups)))
      expect([...scores]).toEqual([...scores].fill(1));
  });

  test('refuse what is no number, and name it', () => {
    const broken = scoresOf('q1');
    broken['fc.weight']![5] = Number.NaN;
    expect(() => unitScores(groups, kernels, broken, allUnits(groups))).toThrowError(
      /Pre-neuron 1 of "fc.weight"/,
    );
  });
});

describe('unitMagnitudes', () => {
  test('is the squared length of all that belongs to a unit, relative to its group', async () => {
    const { params } = weights();
    const names = network.parameters.flatMap(({ name, kind }) => (kind === 'vector' ? [] : [name]));
    const found = await unitMagnitudes(groups, names, params);

    // The inner channels of block 0: written by c1, normalised, read by c2.
    const [written, gain, read] = ['block0.c1.weight', 'block0.c1.bn.weight', 'block0.c2.weight'].map(
      (name) => params[name]!.dataSync(),
    );
    const raw = Array.from({ length: 5 }, (_, u) => {
      let sum = gain![u]! ** 2;
      written!.forEach((w, i) => (sum += i % 5 === u ? w ** 2 : 0));
      read!.forEach((w, i) => (sum += Math.floor(i / 6) % 5 === u ? w ** 2 : 0));
      return sum / 3;
    });
    const mean = raw.reduce((sum, r) => sum + r, 0) / raw.length;
    found[2]!.forEach((score, u) => expect(score).toBeCloseTo(raw[u]! / mean, 5));
  });

  test.each(structuredNetworks.map((net) => [net.network.name, net] as const))(
    'scores the units as torch-pruning does (%s)',
    async (_, { network: net, params, scores }) => {
      const found = unitGroups(net, net.kernels);
      const names = net.parameters.flatMap(({ name, kind }) => (kind === 'vector' ? [] : [name]));
      const magnitudes = await unitMagnitudes(found, names, params);
      expect(found).toHaveLength(Object.keys(scores).length);
      for (const [writer, expected] of Object.entries(scores)) {
        const g = found.findIndex(({ group }) =>
          group.members.some(({ tensor, role }) => role === 'write' && tensor === `${writer}.weight`),
        );
        expected.forEach((score, u) => expect(magnitudes[g]![u]).toBeCloseTo(score, 5));
      }
    },
  );

  test('leaves no tensor behind', async () => {
    const { params } = weights();
    const before = tf.memory().numTensors;
    await unitMagnitudes(groups, Object.keys(params), params);
    expect(tf.memory().numTensors).toBe(before);
  });
});
