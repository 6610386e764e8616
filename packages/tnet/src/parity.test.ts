// Logits, gradients and running statistics against torchvision's, for the test variant of each family. The
// fixtures are written by tools/parity/reference.py, which computes them in double precision.

import {
  crossEntropy,
  type HostTensor,
  param,
  type Params,
  readParams,
  Rng,
  uploadParams,
  valueAndGrad,
} from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTNet, toPyTorch, withWeights } from './index.ts';

const folder = fileURLToPath(new URL('../fixtures/', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.safetensors'))
  .map((file) => file.replace('.safetensors', ''));

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

test('every family that PyTorch can compute has a fixture', () => {
  expect(names.toSorted()).toEqual([
    'densenet-imagenet-test',
    'densenet-test',
    'resnet-bottleneck-test',
    'resnet-test',
    'swin-test',
    'vit-test',
    'wide-resnet-test',
  ]);
});

describe.each(names)('%s computes what PyTorch computes', (name) => {
  const load = async (): Promise<Fixture> => readFixture(`${folder}${name}.safetensors`);

  test('its state dictionary goes through ours unchanged', async () => {
    const { network, params, stats, expected } = await load();
    const weights = Object.entries(expected('state/')).filter(
      ([key]) => !key.endsWith('num_batches_tracked'),
    );
    const written = toPyTorch(network, await readParams({ ...params, ...stats }));
    expect(written).toEqual(Object.fromEntries(weights));
  });

  test('logits with running statistics', async () => {
    const { network, params, stats, images_BHWC, expected } = await load();
    const { logits } = network.forward(params, stats, { images: images_BHWC }, { training: false }).outputs;
    await expectClose({ logits }, expected('eval/'));
  });

  test('logits, gradients and running statistics of a training step', async () => {
    const { network, params, stats, images_BHWC, labels_B, expected } = await load();
    const { grads, aux } = valueAndGrad(
      (p) => {
        const { outputs, stats: next } = network.forward(
          p,
          stats,
          { images: images_BHWC },
          { training: true },
        );
        const { logits } = outputs;
        return { value: crossEntropy(logits, labels_B), aux: { logits, ...next } };
      },
      params,
      network.parameters.map((p) => p.name),
    );
    const { logits, ...next } = aux as Record<string, tf.Tensor>;
    await expectClose({ logits: logits! }, expected('train/'));
    const gradients = expected('grad/');
    expect(sizeOf(Object.values(gradients))).toBe(sizeOf(network.parameters));
    await expectClose(uploadParams(toPyTorch(network, await readParams(grads))), gradients);
    await expectClose(next, expected('next/'));
  });
});

const sizeOf = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
  tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

interface Fixture {
  readonly network: Awaited<ReturnType<typeof createTNet>>;
  readonly params: Params;
  readonly stats: Params;
  readonly images_BHWC: tf.Tensor4D;
  readonly labels_B: tf.Tensor1D;
  readonly expected: (prefix: string) => Record<string, HostTensor>;
}

async function readFixture(path: string): Promise<Fixture> {
  const { tensors } = await readSafetensors(path);
  const part = (prefix: string): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, tensor]) => [key.slice(prefix.length), tensor]),
    );
  const classes = tensors['eval/logits']!.shape[1]!;
  const name = path.slice(folder.length).replace('.safetensors', '');
  const inputShape = tensors['images']!.shape.slice(1) as [number, number, number];
  const network = await createTNet(name, { numClasses: classes, inputShape });
  const { images, labels } = uploadParams({ images: tensors['images']!, labels: tensors['labels']! });
  return {
    network,
    ...withWeights(network, part('state/')).network.init(Rng.fromSeed(1)),
    images_BHWC: images as tf.Tensor4D,
    labels_B: labels as tf.Tensor1D,
    expected: part,
  };
}

/**
 * Every number within 1e-4 of the largest of its tensor. The absolute term is for gradients that are zero in
 * theory, as those of the biases of keys, and rounding in practice.
 */
async function expectClose(actual: Params, expected: Record<string, HostTensor>): Promise<void> {
  const wrong: string[] = [];
  for (const [name, { shape, data }] of Object.entries(expected)) {
    const tensor = param(actual, name);
    expect(tensor.shape, name).toEqual(shape);
    const found = await tensor.data();
    let [scale, error] = [0, 0];
    data.forEach((value, i) => {
      scale = Math.max(scale, Math.abs(value));
      error = Math.max(error, Math.abs(value - found[i]!));
    });
    if (!(error <= 1e-4 * scale + 1e-7)) wrong.push(`${name}: off by ${error} of ${scale}`);
  }
  expect(wrong).toEqual([]);
}
