import { defineNetwork, Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { countMacs, countParameters } from './connections.ts';

// LeNet-5 as it is usually built today (LeCun et al. 1998, fully connected between the convolutions).
const whole = defineNetwork('lenet5', { images: [28, 28, 1] }, (net, { images }) => {
  const c1 = net.relu(net.conv('c1', images, { out: 6, kernel: 5, pad: 2, bias: true }));
  const s2 = net.avgPool(c1, { kernel: 2, stride: 2 });
  const c3 = net.relu(net.conv('c3', s2, { out: 16, kernel: 5, pad: 0, bias: true }));
  const s4 = net.flatten(net.avgPool(c3, { kernel: 2, stride: 2 }));
  const f5 = net.relu(net.dense('f5', s4, { out: 120, bias: true }));
  const f6 = net.relu(net.dense('f6', f5, { out: 84, bias: true }));
  return { logits: net.dense('f7', f6, { out: 10, bias: true }) };
});

/** Without its first and its last kernel, as a method selects. */
const lenet = { ...whole, kernels: whole.kernels.slice(1, -1) };

const randomMasks = (seed: number) =>
  Object.fromEntries(
    lenet.kernels.map(({ param, preNeurons, postNeurons }) => {
      const rng = Rng.fromSeed(seed).split(param);
      return [param, Uint8Array.from({ length: preNeurons * postNeurons }, () => rng.integer(2))];
    }),
  );
const dead = (mask: ArrayLike<number> = []) => Array.from(mask).filter((alive) => alive === 0).length;

describe('countParameters', () => {
  test('gives LeNet-5 its published 61,706', () => {
    // c1 25*6+6, c3 25*6*16+16, f5 400*120+120, f6 120*84+84, f7 84*10+10; modulated: kernels of c3, f5, f6.
    expect(countParameters(lenet)).toEqual({
      total: 156 + 2_416 + 48_120 + 10_164 + 850,
      modulated: 2_400 + 48_000 + 10_080,
      kept: 61_706,
      removed: 0,
    });
  });

  test.each([0, 1, 2])('takes the area of every dead connection away, seed %i', (seed) => {
    const masks = randomMasks(seed);
    const removed = 25 * dead(masks['c3.weight']) + dead(masks['f5.weight']) + dead(masks['f6.weight']);
    expect(removed).toBeGreaterThan(0);
    expect(countParameters(lenet, masks)).toEqual({
      total: 61_706,
      modulated: 60_480,
      kept: 61_706 - removed,
      removed,
    });
  });
});

describe('countMacs', () => {
  test('multiplies each kernel by its positions', () => {
    // c1: 28*28 positions of 150; c3: 10*10 of 2,400; dense: one each.
    expect(countMacs(lenet)).toBe(784 * 150 + 100 * 2_400 + 48_000 + 10_080 + 840);
    expect(countMacs(lenet)).toBe(416_520);
  });

  test('sees strides', () => {
    const net = defineNetwork('strided', { images: [32, 32, 3] }, (layers, { images }) => {
      const stem = layers.conv('stem', images, { out: 16, kernel: 3, stride: 2 });
      return { logits: layers.dense('fc', layers.globalAveragePool(stem), { out: 10 }) };
    });
    expect(countMacs(net)).toBe(16 * 16 * 27 * 16 + 160);
  });

  test.each([0, 1, 2])('drops a dead connection at every position, seed %i', (seed) => {
    const masks = randomMasks(seed);
    expect(countMacs(lenet, masks)).toBe(
      416_520 - 100 * 25 * dead(masks['c3.weight']) - dead(masks['f5.weight']) - dead(masks['f6.weight']),
    );
  });
});
