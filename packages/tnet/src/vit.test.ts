import { describe, expect, test } from 'vitest';
import { createTNet } from './index.ts';

describe('parameter counts', () => {
  // torchvision's for ViT-B/16, timm's for the smaller ones; the others follow from the length of the positions.
  test.each([
    ['vit-b16', 1000, 86_567_656],
    ['vit-b16-384', 1000, 86_859_496],
    ['vit-b16', 10, 85_806_346],
    ['vit-s16', 1000, 22_050_664],
    ['vit-ti16', 1000, 5_717_416],
    ['vit-s16-384', 1000, 22_050_664 + (576 - 196) * 384],
    ['vit-ti16-384', 1000, 5_717_416 + (576 - 196) * 192],
  ] as const)('%s with %i classes has %i', async (name, numClasses, count) => {
    const { parameters } = await createTNet(name, { numClasses });
    expect(parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0)).toBe(count);
  });

  test('a block of ViT-B has 7,087,872', async () => {
    const { parameters } = await createTNet('vit-b16', { numClasses: 10 });
    const block = parameters.filter((p) => p.name.startsWith('encoder.layers.encoder_layer_3.'));
    expect(block.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0)).toBe(7_087_872);
  });
});

test('queries, keys, values, projection and both layers of the MLP lie between stem and head', async () => {
  const { kernels } = await createTNet('vit-test', { numClasses: 10 });
  const block = (i: number): string[] =>
    [
      'self_attention.q',
      'self_attention.k',
      'self_attention.v',
      'self_attention.out_proj',
      'mlp.0',
      'mlp.3',
    ].map((part) => `encoder.layers.encoder_layer_${i}.${part}.weight`);
  expect(kernels.map((k) => k.param)).toEqual([
    'conv_proj.weight',
    ...block(0),
    ...block(1),
    'heads.head.weight',
  ]);
});

describe('coupling', () => {
  test('a head is four columns of q, k and v with their biases, and four rows of the projection', async () => {
    const { groups } = await createTNet('vit-test', { numClasses: 10 });
    const layer = 'encoder.layers.encoder_layer_0.self_attention';
    const heads = groups.find((g) => g.id === `${layer}.q`)!;
    expect(heads.units).toBe(2);
    expect(heads.pinnedBy).toEqual([]);
    const member = (tensor: string, axis: number, role: string): object => ({
      tensor: `${layer}.${tensor}`,
      axis,
      start: 0,
      block: 4,
      role,
    });
    const written = ['q', 'k', 'v'].flatMap((part) => [
      member(`${part}.weight`, 1, 'write'),
      member(`${part}.bias`, 0, 'write'),
    ]);
    expect(heads.members).toEqual([...written, member('out_proj.weight', 0, 'read')]);
  });

  test('the layer normalisations keep the residual stream, the MLP is free', async () => {
    const { groups } = await createTNet('vit-test', { numClasses: 10 });
    const stream = groups.find((g) => g.members.some((m) => m.tensor === 'class_token'))!;
    expect(stream.pinnedBy).toContainEqual({ kind: 'layer', name: 'encoder.ln' });
    expect(stream.members.filter((m) => m.role === 'write').map((m) => m.tensor)).toContain(
      'encoder.layers.encoder_layer_1.mlp.3.weight',
    );
    const hidden = groups.find((g) => g.id === 'encoder.layers.encoder_layer_0.mlp.0')!;
    expect([hidden.units, hidden.pinnedBy]).toEqual([32, []]);
  });
});

test('costs: kernels over tokens, and two products of the attention', async () => {
  const { parameters, activationMacs } = await createTNet('vit-b16', { numClasses: 1000 });
  const kernels = parameters.reduce((sum, p) => sum + p.positions * p.shape.reduce((a, b) => a * b, 1), 0);
  // 196 patches of 768 x 768; 12 blocks of 12 x 768 x 768 for 197 tokens; the classifier once.
  expect(kernels).toBe(196 * 768 ** 2 + 12 * 197 * 12 * 768 ** 2 + 768_000);
  expect(activationMacs).toBe(12 * 2 * 197 * 197 * 768);
});

test('images that patches do not tile are refused with the sizes that are possible', async () => {
  await expect(createTNet('vit-b16', { numClasses: 10, inputShape: [230, 224, 3] })).rejects.toThrow(
    /230 x 224: both sides have to be multiples of 16.\n.*224 x 224 or 240 x 224/,
  );
});
