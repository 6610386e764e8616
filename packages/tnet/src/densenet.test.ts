import { describe, expect, test } from 'vitest';
import { createTNet } from './index.ts';

describe('parameter counts', () => {
  // torchvision's published counts for ImageNet; Huang et al. 2017, Table 2, print 0.8, 15.3 and 25.6 M.
  test.each([
    ['densenet121', 1000, 7_978_856],
    ['densenet169', 1000, 14_149_480],
    ['densenet201', 1000, 20_013_928],
    ['densenet161', 1000, 28_681_000],
    ['densenet121', 10, 6_964_106],
    ['densenet121-cifar', 10, 6_956_426],
    ['densenet-bc100-12-cifar', 10, 769_162],
    ['densenet-bc250-24-cifar', 10, 15_324_406],
    ['densenet-bc190-40-cifar', 10, 25_624_430],
    ['densenet-orgn-cifar', 10, 25_593_070],
  ] as const)('%s with %i classes has %i', async (name, numClasses, count) => {
    const { parameters } = await createTNet(name, { numClasses });
    expect(parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0)).toBe(count);
  });
});

test('the blocks of L = 190, k = 40 make 1320, 1900 and 2190 channels', async () => {
  const { values } = await createTNet('densenet-bc190-40-cifar', { numClasses: 10 });
  const blocks = values.filter(({ name }) => name.startsWith('denseblock'));
  expect(blocks.map(({ shape }) => shape.at(-1))).toEqual([1320, 1900, 2190]);
});

test.each([
  ['densenet-tiny-cifar', [64, 128, 128, 256]],
  ['densenet-orgn-cifar', [64, 128, 256, 512]],
  ['densenet-large-cifar', [64, 256, 256, 512]],
] as const)('the blocks of %s receive %j channels', async (name, widths) => {
  const { parameters } = await createTNet(name, { numClasses: 10 });
  const received = [1, 2, 3, 4].map(
    (block) =>
      parameters.find((p) => p.name === `features.denseblock${block}.denselayer1.conv1.weight`)!.shape[2],
  );
  expect(received).toEqual(widths);
});

describe('coupling', () => {
  test('what a layer adds is read by all later layers of its block, behind the channels before it', async () => {
    const { groups } = await createTNet('densenet-test', { numClasses: 10 });
    const added = groups.find((g) => g.id === 'features.denseblock1.denselayer1.conv2')!;
    expect(added.units).toBe(4);
    expect(added.members.filter((m) => m.role !== 'norm')).toEqual([
      { tensor: 'features.denseblock1.denselayer1.conv2.weight', axis: 3, start: 0, block: 1, role: 'write' },
      { tensor: 'features.denseblock1.denselayer2.conv1.weight', axis: 2, start: 8, block: 1, role: 'read' },
      { tensor: 'features.transition1.conv.weight', axis: 2, start: 8, block: 1, role: 'read' },
    ]);
    expect(added.members.filter((m) => m.role === 'norm').map((m) => `${m.tensor} ${m.start}`)).toContain(
      'features.transition1.norm.running_var 8',
    );
  });
});
