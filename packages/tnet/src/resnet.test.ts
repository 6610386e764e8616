import type { Network } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { createTNet } from './index.ts';

const total = (network: Network): number =>
  network.parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);

describe('parameter counts', () => {
  // torchvision's published counts; the CIFAR counts follow from the same blocks behind a 3x3 stem.
  test.each([
    ['resnet18', 1000, 11_689_512],
    ['resnet18', 10, 11_181_642],
    ['resnet34', 1000, 21_797_672],
    ['resnet50', 1000, 25_557_032],
    ['resnet50', 10, 23_528_522],
    ['resnet18-cifar', 10, 11_173_962],
    ['resnet18-cifar', 100, 11_220_132],
    ['resnet50-cifar', 10, 23_520_842],
    ['resnet50-cifar', 1000, 25_549_352],
    ['resnet10-cifar', 10, 308_826],
    ['resnet101', 1000, 44_549_160],
    ['wide-resnet50-2', 1000, 68_883_240],
    ['wide-resnet50-2-cifar', 10, 66_847_050],
  ] as const)('%s with %i classes has %i', async (name, numClasses, count) => {
    expect(total(await createTNet(name, { numClasses }))).toBe(count);
  });

  // He et al. 2016, Table 6 says 0.27 M; the exact number with projection shortcuts follows from the blocks:
  // stem 3*3*3*16 + 32; stage 1: 3 blocks of 2*9*16*16 + 64; stage 2: 9*16*32 + 9*32*32 + 128, projection
  // 16*32 + 64, 2 blocks of 2*9*32*32 + 128; stage 3 likewise with 64; classifier 64*10 + 10.
  test('resnet20-cifar', async () => {
    const stage = (i: number, o: number): number =>
      9 * i * o + 9 * o * o + 4 * o + i * o + 2 * o + 2 * (18 * o * o + 4 * o);
    const expected = 432 + 32 + 3 * (18 * 256 + 64) + stage(16, 32) + stage(32, 64) + 650;
    expect(total(await createTNet('resnet20-cifar', { numClasses: 10 }))).toBe(expected);
  });

  test('resnet18 by part', async () => {
    const { parameters } = await createTNet('resnet18', { numClasses: 1000 });
    const part = (prefix: string): number =>
      parameters
        .filter((p) => p.name.startsWith(prefix))
        .reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);
    expect([
      part('conv1') + part('bn1'),
      part('layer1'),
      part('layer2'),
      part('layer3'),
      part('layer4'),
      part('fc'),
    ]).toEqual([9_536, 147_968, 525_568, 2_099_712, 8_393_728, 513_000]);
  });
});

test('Wide ResNet-50-2 by stage', async () => {
  const { parameters } = await createTNet('wide-resnet50-2', { numClasses: 1000 });
  const stage = (n: number): number =>
    parameters
      .filter((p) => p.name.startsWith(`layer${n}`))
      .reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);
  expect([1, 2, 3, 4].map(stage)).toEqual([634_368, 3_482_624, 20_736_000, 41_971_712]);
});

/** All kernels but the first convolution and the classifier. */
const inner = ({ kernels }: Network): Network['kernels'] => kernels.slice(1, -1);

describe('connections', () => {
  test('ResNet-18 for CIFAR has 3,840 pre-neurons and 1.39 M connections over 11.16 M parameters', async () => {
    const kernels = inner(await createTNet('resnet18-cifar', { numClasses: 10 }));
    expect(kernels.reduce((sum, k) => sum + k.preNeurons, 0)).toBe(3_840);
    expect(kernels.reduce((sum, k) => sum + k.preNeurons * k.postNeurons, 0)).toBe(1_392_640);
    expect(kernels.reduce((sum, k) => sum + k.preNeurons * k.postNeurons * k.area, 0)).toBe(11_157_504);
  });

  test('ResNet-10 has 11 kernels between stem and classifier, with the shortcut last in its block', async () => {
    const kernels = inner(await createTNet('resnet10-cifar', { numClasses: 10 }));
    expect(kernels.map((k) => k.param).slice(0, 5)).toEqual([
      'layer1.0.conv1.weight',
      'layer1.0.conv2.weight',
      'layer2.0.conv1.weight',
      'layer2.0.conv2.weight',
      'layer2.0.downsample.0.weight',
    ]);
    expect(kernels).toHaveLength(11);
  });

  test('the shortcut ties the channels of a stage', async () => {
    const { groups } = await createTNet('resnet-test', { numClasses: 10 });
    const stage = groups.find((g) => g.id === 'conv1')!;
    expect(stage.members.filter((m) => m.role === 'write').map((m) => m.tensor)).toEqual([
      'conv1.weight',
      'layer1.0.conv2.weight',
    ]);
    expect(stage.members.filter((m) => m.role === 'read').map((m) => m.tensor)).toEqual([
      'layer1.0.conv1.weight',
      'layer2.0.conv1.weight',
      'layer2.0.downsample.0.weight',
    ]);
  });
});
