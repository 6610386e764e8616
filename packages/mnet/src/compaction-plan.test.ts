import { defineNetwork } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { randomMasks, randomNetwork, randomPyramid, randomTransformer } from '../test/random-network.ts';
import { smallNetwork, without } from '../test/small.ts';
import { describeCompaction, planCompaction } from './compaction-plan.ts';

describe('planCompaction', () => {
  test('removes a channel, its normalisation, and the kernels on both sides', () => {
    // conv2 reads inner channels 1 and 4 no more: conv1 5x2, conv2 2x5 slices of 9, and 2 pairs of bn1 go.
    const plan = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    expect(plan.cuts).toEqual([{ group: 'conv1', keep: [0, 2, 3, 5, 6], of: 7 }]);
    expect(plan.removedParams).toBe(2 * 5 * 9 * 2 + 2 * 2);
    expect(plan.removedMacs).toBe(2 * 5 * 9 * 2 * 36);
  });

  test('a channel that others still read stays', () => {
    // The stem's channel 3 is read by conv1, and through the sum by the dense layer.
    expect(planCompaction(smallNetwork, without('conv1.weight', [3])).cuts).toEqual([]);
    const both = without('hidden.weight', [3], without('conv1.weight', [3]));
    expect(planCompaction(smallNetwork, both).cuts).toEqual([{ group: 'stem', keep: [0, 1, 2, 4], of: 5 }]);
  });

  test('what only removed channels read goes with them', () => {
    const chain = defineNetwork('chain', { images: [2, 2, 1] }, (net, { images }) => {
      const a = net.conv('a', images, { out: 3, kernel: 1 });
      const b = net.conv('b', a, { out: 3, kernel: 1 });
      const c = net.conv('c', b, { out: 3, kernel: 1 });
      return { logits: net.dense('fc', net.globalAveragePool(c), { out: 2 }) };
    });
    // a0 feeds b1 only, and nobody reads b1.
    const masks = {
      'b.weight': Uint8Array.of(0, 1, 0, 1, 1, 1, 1, 1, 1),
      'c.weight': Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 1, 1),
    };
    expect(planCompaction(chain, masks).cuts).toEqual([
      { group: 'a', keep: [1, 2], of: 3 },
      { group: 'b', keep: [0, 2], of: 3 },
    ]);
  });

  test('refuses masks that leave nothing of a group, and names it and its readers', () => {
    const all = without('conv2.weight', [0, 1, 2, 3, 4, 5, 6]);
    expect(() => planCompaction(smallNetwork, all)).toThrowError(
      expect.objectContaining({
        code: 'prune-refused',
        message: expect.stringContaining('conv1: 7 units, read by conv2.weight'),
      }),
    );
    // One unit more is enough.
    const plan = planCompaction(smallNetwork, without('conv2.weight', [0, 1, 2, 3, 4, 5]));
    expect(plan.cuts).toEqual([{ group: 'conv1', keep: [6], of: 7 }]);
  });

  test('is printed', () => {
    const plan = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    const text = describeCompaction(smallNetwork, plan);
    expect(text).toMatch(/conv1 +5 +7/);
    expect(text).toContain(`1 group cut, ${smallNetwork.groups.length - 1} kept whole`);
    expect(text).toContain(`${plan.totalParams} -> ${plan.totalParams - plan.removedParams}`);
  });

  test('the random networks do get smaller', () => {
    const removed = Array.from({ length: 24 }, (_, i) => {
      const network = randomNetwork(i + 1);
      return planCompaction(network, randomMasks(network, i + 1));
    });
    expect(removed.filter((plan) => plan.removedParams > 0).length).toBeGreaterThan(12);
    expect(removed.some((plan) => plan.cuts.length > 2)).toBe(true);
  });

  test('removes whole groups of a normalisation, and channels on both levels that one head reads', () => {
    const removed = Array.from({ length: 24 }, (_, i) => {
      const network = randomPyramid(i + 1);
      return planCompaction(network, randomMasks(network, i + 1)).cuts.map((cut) => cut.group);
    }).flat();
    expect(new Set(removed)).toEqual(new Set(['stem', 'squeeze', 'inner1', 'tower', 'hidden']));
  });

  test('removes an attention head when the projection reads none of its channels', () => {
    const network = randomTransformer(1);
    const { units, members } = network.groups.find((group) => group.id === 'q')!;
    const { block } = members[0]!;
    const masks = Object.fromEntries(
      network.kernels.map((k) => [k.param, new Uint8Array(k.preNeurons * k.postNeurons).fill(1)]),
    );
    // All but one channel of the first head: it has to stay.
    masks['proj.weight']!.fill(0, 0, (block - 1) * 6);
    expect(planCompaction(network, masks).cuts).toEqual([]);
    masks['proj.weight']!.fill(0, 0, block * 6);
    const plan = planCompaction(network, masks);
    expect(plan.cuts).toEqual([
      { group: 'q', keep: Array.from({ length: units - 1 }, (_, h) => h + 1), of: units },
    ]);
    // q, k, v lose 6 weights and a bias per channel, the projection 6 weights.
    expect(plan.removedParams).toBe(block * (3 * 7 + 6));
    // Per image, 4 tokens: those weights, and the scores and sums of the attention.
    expect(plan.removedMacs).toBe(4 * block * 24 + 2 * 4 * 4 * block);
  });

  test('a kernel without a mask is alive, and so is all that it reads', () => {
    expect(planCompaction(smallNetwork, {}).cuts).toEqual([]);
    // The classifier has no mask: nobody else reads what the dense layer makes.
    expect(planCompaction(smallNetwork, without('hidden.weight', [0])).cuts).toEqual([]);
    expect(
      planCompaction(smallNetwork, { 'conv2.weight': without('conv2.weight', [1])['conv2.weight']! }).cuts,
    ).toEqual([{ group: 'conv1', keep: [0, 2, 3, 4, 5, 6], of: 7 }]);
  });

  test('refuses masks of another network', () => {
    expect(() => planCompaction(smallNetwork, { 'conv9.weight': Uint8Array.of(1) })).toThrowError(
      expect.objectContaining({
        code: 'network-mismatch',
        message: expect.stringContaining('"conv9.weight"') as string,
      }),
    );
  });
});
