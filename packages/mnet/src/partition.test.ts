import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { kernelsOf, readUnits } from '../test/oracle.ts';
import { partitionPreNeurons } from './partition.ts';

describe('partitionPreNeurons', () => {
  test('agrees with the oracle', () => {
    const { shapes, M, depth, interleave } = readUnits().partition;
    const kernels = kernelsOf(shapes);
    expect([...partitionPreNeurons(kernels, M, 'depth').owner]).toEqual(depth);
    expect([...partitionPreNeurons(kernels, M, 'interleave').owner]).toEqual(interleave);
  });

  test('deals ten equal pre-neurons to four astrocytes', () => {
    // Middles at 0.5 .. 9.5 of 10, times 4 / 10: 0.2 0.6 | 1 1.4 1.8 | 2.2 2.6 | 3 3.4 3.8.
    expect(partitionPreNeurons(kernelsOf([[10, 3, 1]]), 4, 'depth').sizes).toEqual([2, 3, 2, 3]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('every pre-neuron has one owner (seed %i)', (seed) => {
    const rng = Rng.fromSeed(seed);
    const kernels = kernelsOf(
      Array.from({ length: 1 + rng.integer(5) }, () => [6 + rng.integer(20), 4 + rng.integer(5), 3] as const),
    );
    const preNeurons = kernels.reduce((sum, k) => sum + k.preNeurons, 0);
    for (const kind of ['depth', 'interleave'] as const) {
      const { owner, sizes, order } = partitionPreNeurons(kernels, 4, kind);
      expect(owner).toHaveLength(preNeurons);
      expect(sizes.reduce((a, b) => a + b)).toBe(preNeurons);
      expect(new Set(owner).size).toBe(4);
      // The order lists every pre-neuron once, astrocyte by astrocyte.
      expect([...order].sort((a, b) => a - b)).toEqual([...owner.keys()]);
      expect([...order].map((n) => owner[n])).toEqual(sizes.flatMap((size, j) => Array(size).fill(j)));
      if (kind === 'depth') expect([...owner]).toEqual([...owner].sort((a, b) => a - b));
    }
  });

  test('refuses to leave an astrocyte without pre-neurons', () => {
    // One pre-neuron owns almost all connections: the middle astrocytes get none.
    const kernels = kernelsOf([
      [1, 1000, 1],
      [4, 1, 1],
    ]);
    expect(() => partitionPreNeurons(kernels, 4, 'depth')).toThrowError(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(partitionPreNeurons(kernels, 4, 'interleave').sizes).toEqual([2, 1, 1, 1]);
  });
});
