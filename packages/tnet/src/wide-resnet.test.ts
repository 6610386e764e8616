import { describe, expect, test } from 'vitest';
import { createTNet } from './index.ts';

test('WRN-28-10 has 36,479,194 parameters', async () => {
  // Zagoruyko & Komodakis 2016 print 36.5 M. A block from i to o channels: normalisations 2i + 2o, kernels
  // 9io + 9oo, and the first of each group a projection io.
  const block = (i: number, o: number): number => 2 * i + 2 * o + 9 * i * o + 9 * o * o;
  const group = (i: number, o: number): number => block(i, o) + i * o + 3 * block(o, o);
  const expected = 27 * 16 + group(16, 160) + group(160, 320) + group(320, 640) + 2 * 640 + 640 * 10 + 10;
  const { parameters } = await createTNet('wide-resnet28-10-cifar', { numClasses: 10 });
  expect(parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0)).toBe(expected);
  expect(expected).toBe(36_479_194);
});

describe('coupling', () => {
  test('a group ends its blocks on the channels of its projection, and the next group reads them', async () => {
    const { groups } = await createTNet('wide-resnet-test', { numClasses: 10 });
    const stream = groups.find((g) =>
      g.members.some((m) => m.tensor === 'layer1.0.shortcut.weight' && m.axis === 3),
    )!;
    expect(stream.members.map((m) => `${m.tensor} ${m.role}`)).toEqual([
      'layer1.0.conv2.weight write',
      'layer1.0.shortcut.weight write',
      'layer2.0.bn1.weight norm',
      'layer2.0.bn1.bias norm',
      'layer2.0.bn1.running_mean norm',
      'layer2.0.bn1.running_var norm',
      'layer2.0.conv1.weight read',
      'layer2.0.shortcut.weight read',
    ]);
  });
});
