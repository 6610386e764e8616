// The dimension of features, the likeness of operations, and the groups that follow: as the authors compute them.

import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixture, type Values } from '../../test/formulas.ts';
import { dimensionOf, localDimensions, squaredDistances } from './dimension.ts';
import { across, divided, edgeToDivide, fiedler, type Likeness, similarities, within } from './partition.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const rows = ({ shape, data }: Values): number[][] =>
  Array.from({ length: shape[0]! }, (_, i) => data.slice(i * shape[1]!, (i + 1) * shape[1]!));
const close = (values: readonly number[], digits = 5): unknown[] =>
  values.map((value) => expect.closeTo(value, digits));

interface Measured {
  readonly k: number;
  readonly features: Values;
  readonly perSample: Values;
  readonly lid: number;
}
const lid = fixture<{
  readonly idealLine: readonly { readonly k: number; readonly eps: number; readonly lid: number }[];
  readonly cases: readonly Measured[];
}>('lid');

describe('the intrinsic dimension', () => {
  test.each(lid.idealLine)('of a line with $k neighbours, epsilon $eps', ({ k, eps, lid: expected }) => {
    const distances = Array.from({ length: k }, (_, j) => (j + 1) / k);
    expect(dimensionOf(distances, eps)).toBeCloseTo(expected, 6);
  });

  test.each(lid.cases.map((one, i) => [i, one] as const))(
    'is that of the authors, case %i',
    async (_, one) => {
      const [samples] = one.features.shape as [number, number];
      // Far from zero as well: distances do not know where the features are.
      for (const away of [0, 100]) {
        const features = tf.add(tf.tensor(one.features.data, one.features.shape), away);
        const squared = await squaredDistances(features).data();
        const found = localDimensions(squared, samples, one.k);
        const farthest = Math.max(...found.map((value, i) => Math.abs(value / one.perSample.data[i]! - 1)));
        expect(farthest).toBeLessThan(away === 0 ? 1e-4 : 1e-2);
        const mean = found.reduce((a, b) => a + b, 0) / samples;
        expect(Math.abs(mean / one.lid - 1)).toBeLessThan(away === 0 ? 1e-5 : 1e-3);
      }
    },
  );

  test('grows with the dimensions that there are, and needs neighbours', async () => {
    const cloud = (dimensions: number): tf.Tensor2D => {
      const x = tf.randomUniform([60, dimensions], 0, 1, 'float32', 7) as tf.Tensor2D;
      return tf.matMul(x, tf.randomNormal([dimensions, 40], 0, 1, 'float32', 8));
    };
    const dimensionsOf = async (x: tf.Tensor): Promise<number> => {
      const all = localDimensions(await squaredDistances(x).data(), 60, 20);
      return all.reduce((a, b) => a + b, 0) / 60;
    };
    const [one, three, twenty] = [1, 3, 20].map((d) => dimensionsOf(cloud(d)));
    expect(await one).toBeLessThan(await three!);
    expect(await three).toBeLessThan(await twenty!);
    // Features that say nothing have no dimension.
    expect(await dimensionsOf(tf.zeros([60, 4]))).toBeCloseTo(0, 6);
    expect(() => localDimensions([0, 1, 1, 0], 2, 20)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});

interface Grouped {
  readonly profiles: Values;
  readonly method: Likeness;
  readonly similarity: Values;
  readonly mincut: { readonly groups: readonly [number[], number[]]; readonly intra: number };
  readonly bipartition: {
    readonly left: readonly number[];
    readonly right: readonly number[];
    readonly averageCut: number;
  };
  readonly spectral: {
    readonly labels: readonly number[];
    readonly fiedler: readonly number[];
    readonly fiedlerSignCutAgrees: boolean;
  };
}
const partition = fixture<{
  readonly cases: readonly Grouped[];
  readonly edgeChoice: {
    readonly edges: readonly {
      readonly profiles: Values;
      readonly mincutGroups: readonly [number[], number[]];
    }[];
    readonly publicMincut: number;
    readonly ours: number;
  };
}>('partition');

const places = (labels: readonly number[], label: number): number[] =>
  labels.flatMap((one, i) => (one === label ? [i] : []));

test.each(partition.cases.map((one, i) => [i, one.method, one] as const))(
  'operations are grouped as by the authors, case %i, %s',
  (_, method, { profiles, similarity, mincut, bipartition, spectral }) => {
    const found = similarities(rows(profiles), method);
    expect(found.flat()).toEqual(close(similarity.data, 7));
    const groups = divided(found, 'mincut');
    expect(groups).toEqual(mincut.groups);
    expect(within(found, groups)).toBeCloseTo(mincut.intra, 7);
    expect(across(found, [bipartition.left, bipartition.right])).toBeCloseTo(bipartition.averageCut, 7);
    const v = fiedler(found);
    const sign = Math.sign(v[0]! * spectral.fiedler[0]!);
    expect(v.map((value) => sign * value)).toEqual(close(spectral.fiedler, 6));
    expect(spectral.fiedlerSignCutAgrees).toBe(true);
    expect(divided(found, 'spectral')).toEqual([places(spectral.labels, 0), places(spectral.labels, 1)]);
  },
);

test('the edge whose groups are least alike is divided, which is not the choice of the public program', () => {
  const { edges, ours, publicMincut } = partition.edgeChoice;
  const found = edges.map(({ profiles, mincutGroups }) => {
    const similarity = similarities(rows(profiles), 'cosine');
    expect(divided(similarity, 'mincut')).toEqual(mincutGroups);
    return { similarity, groups: mincutGroups };
  });
  expect(edgeToDivide(found)).toBe(ours);
  expect(ours).not.toBe(publicMincut);
});

test.each(['spectral', 'mincut'] as const)('two families of operations are told apart: %s', (how) => {
  const families = [0, 1, 0, 0, 1];
  const profiles = families.map((family, i) =>
    Array.from({ length: 6 }, (_, l) => 5 + (family === 0 ? l : 5 - l) + 0.1 * Math.sin(7 * i + l)),
  );
  const alike = profiles.map((_, i) =>
    Array.from({ length: 6 }, (__, l) => 5 + l + 0.1 * Math.sin(9 * i + l)),
  );
  const edges = [alike, profiles, alike].map((of) => {
    const similarity = similarities(of, 'correlation');
    return { similarity, groups: divided(similarity, how) };
  });
  expect(edges[1]!.groups.map((group) => [...group]).toSorted((a, b) => a.length - b.length)).toEqual([
    [1, 4],
    [0, 2, 3],
  ]);
  expect(edgeToDivide(edges)).toBe(1);
});

test('operations that cannot be told apart are divided all the same', () => {
  const flat = Array.from({ length: 4 }, () => [3, 3, 3]);
  for (const likeness of ['cosine', 'correlation'] as const)
    for (const how of ['spectral', 'mincut'] as const) {
      const groups = divided(similarities(flat, likeness), how);
      expect(groups.every((group) => group.length > 0)).toBe(true);
      expect(groups.flat().toSorted()).toEqual([0, 1, 2, 3]);
    }
});
