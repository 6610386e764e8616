import { describe, expect, test } from 'vitest';
import { createTNet } from './index.ts';

describe('parameter counts', () => {
  // Of the authors' models, as torchvision and timm load them.
  test.each([
    ['swin-t', 1000, 28_288_354],
    ['swin-s', 1000, 49_606_258],
    ['swin-b', 1000, 87_768_224],
    ['swin-b-384', 1000, 87_903_584],
  ] as const)('%s with %i classes has %i', async (name, numClasses, count) => {
    const { parameters } = await createTNet(name, { numClasses });
    expect(parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0)).toBe(count);
  });

  test('Swin-B by stage, and its linear weights', async () => {
    const { parameters } = await createTNet('swin-b', { numClasses: 1000 });
    const size = (which: (name: string) => boolean): number =>
      parameters.filter((p) => which(p.name)).reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);
    // A stage of the original ends with its patch merging.
    const stage = (n: number): number =>
      size((name) => name.startsWith(`features.${2 * n - 1}.`) || name.startsWith(`features.${2 * n}.`));
    expect([1, 2, 3, 4].map(stage)).toEqual([529_992, 2_108_560, 58_892_832, 25_203_264]);
    expect(size((name) => name.endsWith('.weight') && !/norm|features\.0\.2/.test(name))).toBe(87_537_664);
  });
});

describe('coupling', () => {
  test('a head takes its column of the bias table along', async () => {
    const { groups } = await createTNet('swin-test', { numClasses: 10 });
    const heads = groups.find((g) => g.id === 'features.1.1.attn.q')!;
    expect(heads.units).toBe(2);
    expect(heads.members).toContainEqual({
      tensor: 'features.1.1.attn.relative_position_bias_table',
      axis: 1,
      start: 0,
      block: 1,
      role: 'norm',
    });
  });

  test('merging reads the channels of a stage at four offsets', async () => {
    const { groups } = await createTNet('swin-test', { numClasses: 10 });
    const stream = groups.find((g) => g.id === 'features.0.0')!;
    expect(
      stream.members.filter((m) => m.tensor === 'features.2.reduction.weight').map((m) => [m.axis, m.start]),
    ).toEqual([
      [0, 0],
      [0, 8],
      [0, 16],
      [0, 24],
    ]);
    expect(stream.pinnedBy).toContainEqual({ kind: 'layer', name: 'features.2.norm' });
  });
});

test('costs: attention within windows', async () => {
  const { activationMacs } = await createTNet('swin-t', { numClasses: 1000 });
  const stage = (blocks: number, side: number, width: number): number => blocks * 2 * side ** 2 * 49 * width;
  expect(activationMacs).toBe(stage(2, 56, 96) + stage(2, 28, 192) + stage(6, 14, 384) + stage(2, 7, 768));
});

test('images that windows do not tile are refused with the sizes that are possible', async () => {
  await expect(createTNet('swin-b-384', { numClasses: 10, inputShape: [224, 224, 3] })).rejects.toThrow(
    /multiples of 384.\n.*384 x 384/,
  );
});
