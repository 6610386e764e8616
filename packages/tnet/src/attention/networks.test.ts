// Residual networks with attention as networks: counts, coupling, files, astrocytes.

import { type Network, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTNet } from '../zoo.ts';
import type { AttentionChoice } from './choice.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const total = ({ parameters }: Network): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('parameter counts', () => {
  // Those of megvii-research/RG-SENet_SP-SENet; windows on 32 x 32 images are those of the same number of cells.
  test.each([
    ['resnet18', 1000, 'se', 11_778_592],
    ['resnet18', 1000, 'rgse', 11_794_720],
    ['resnet18', 1000, 'spse', 11_828_512],
    ['resnet50', 1000, 'se', 28_088_024],
    ['resnet50', 1000, 'rgse', 28_212_440],
    ['resnet50', 1000, 'spse', 28_480_728],
    ['resnet18-cifar', 10, 'se', 11_263_042],
    ['resnet18-cifar', 10, 'rgse', 11_279_170],
    ['resnet18-cifar', 10, 'spse', 11_312_962],
    ['resnet50-cifar', 10, 'rgse', 26_176_250],
  ] as const)('%s of %i classes with %s has %3$i', async (name, numClasses, kind, count) => {
    expect(total(await createTNet(name, { numClasses, attention: { kind } }))).toBe(count);
  });

  test('self-attentive pooling adds a module to each stage that halves the map', async () => {
    const plain = total(await createTNet('resnet18-cifar', { numClasses: 10 }));
    const pooled = await createTNet('resnet18-cifar', {
      numClasses: 10,
      attention: { kind: 'self-attentive-pooling' },
    });
    // Modules of 128, 256 and 512 channels; no stride is left in the convolutions of the branch.
    expect(total(pooled) - plain).toBe(105_984 + 408_576 + 1_603_584);
  });
});

const choices: readonly AttentionChoice[] = [
  { kind: 'se', reduction: 2 },
  { kind: 'spse', reduction: 2 },
  { kind: 'rgse', reduction: 2 },
  { kind: 'self-attentive-pooling', heads: 2 },
];

describe.each(choices.map((choice) => [choice.kind, choice] as const))('%s', (_, attention) => {
  const names = ['resnet-test', 'resnet-bottleneck-test', 'wide-resnet-test'];

  test.each(names)('makes logits in %s, of the declared stages', async (name) => {
    const network = await createTNet(name, { numClasses: 3, attention });
    const plain = await createTNet(name, { numClasses: 3 });
    expect(network.values).toEqual(plain.values);
    const { params, stats } = network.init(Rng.fromSeed(1));
    const shape = [2, ...network.inputs[0]!.shape];
    const images = tf.tensor(
      Rng.fromSeed(2).normals(
        shape.reduce((a, b) => a * b),
        1,
      ),
      shape,
    );
    const { logits } = network.forward(params, stats, { images }, { training: true }).outputs;
    expect((await logits.data()).every(Number.isFinite)).toBe(true);
  });

  test('is connections like any others, tied to the channels that it multiplies', async () => {
    const network = await createTNet('resnet-test', { numClasses: 3, attention });
    const stage = network.groups.find(({ id }) => id === 'conv1')!;
    const tied = stage.members.map(({ tensor, role }) => `${role} ${tensor}`);
    if (attention.kind === 'self-attentive-pooling') {
      const inner = network.groups.find(({ id }) => id === 'layer2.0.conv1')!;
      const own = inner.members.filter(({ tensor }) => tensor.includes('.pool.'));
      expect(own.map(({ tensor, role }) => `${role} ${tensor}`)).toEqual([
        'read layer2.0.pool.patch.weight',
        'write layer2.0.pool.restore.weight',
        'write layer2.0.pool.restore.bias',
        'norm layer2.0.pool.bn2.weight',
        'norm layer2.0.pool.bn2.bias',
        'norm layer2.0.pool.bn2.running_mean',
        'norm layer2.0.pool.bn2.running_var',
      ]);
      // Heads go as a whole.
      expect(network.groups.find(({ id }) => id === 'layer2.0.pool.q')).toMatchObject({ units: 2 });
    } else {
      expect(tied).toContain('read layer1.0.se.fc1.weight');
      expect(tied).toContain('write layer1.0.se.fc2.weight');
      expect(network.kernels.map(({ param }) => param)).toContain('layer1.0.se.fc2.weight');
    }
  });
});

test('where it has no place it is refused', async () => {
  for (const name of ['densenet-test', 'vit-test', 'swin-test']) {
    const made = createTNet(name, { numClasses: 3, attention: { kind: 'se' } });
    await expect(made).rejects.toMatchObject({ code: 'bad-argument', where: 'attention' });
  }
  const far = createTNet('resnet18-cifar', { numClasses: 3, attention: { kind: 'rgse', window: 7 } });
  await expect(far).rejects.toMatchObject({ code: 'shape-mismatch' });
  const typed = createTNet('resnet-test', { numClasses: 3, attention: { kind: 'see' } as never });
  await expect(typed).rejects.toMatchObject({ code: 'bad-recipe' });
  const { resnet } = await import('../resnet.ts');
  const { selfAttentivePooling } = await import('./self-attentive-pooling.ts');
  const pool = selfAttentivePooling({ ratio: 1, heads: 2, patch: 1 });
  const one = { block: 'basic', depths: [2], width: 4, stem: 'cifar', pool } as const;
  expect(() => resnet('one', one, { numClasses: 3 })).toThrow(/No stage halves the map/);
});
