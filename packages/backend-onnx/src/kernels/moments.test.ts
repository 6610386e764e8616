// Batch normalisation of images that were joined from others, as in dense blocks.

import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchNorm, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { agrees, Draw, random } from '../../test/oracle.ts';
import { createOnnxBackend } from '../adapter.ts';

const ones = (channels: number): tf.Tensor1D => tf.ones([channels]);
const normalised = (x: tf.Tensor): tf.Tensor =>
  batchNorm(
    x,
    { gain_C: ones(x.shape[3]!), offset_C: ones(x.shape[3]!) },
    { mean_C: ones(x.shape[3]!), variance_C: ones(x.shape[3]!) },
  ).y;

/** Each image joins the one before it, and is normalised. */
const block = (...images: tf.Tensor[]): tf.Tensor => {
  let [x] = images as [tf.Tensor];
  let y = tf.sum(tf.mul(normalised(x), 2), 3);
  for (const [k, image] of images.slice(1).entries()) {
    x = tf.concat([x, image], 3);
    y = tf.add(y, tf.sum(tf.mul(normalised(x), tf.cos(tf.range(k, k + x.shape[3]!))), 3));
  }
  return y;
};

test('agrees with the oracle, gradients too', async () => {
  const draw = new Draw(5);
  const images = [3, 2, 1, 4].map((channels) => random(draw, [2, 3, 4, channels]));
  await agrees(block, images, { gradient: true });
});

test('centres no channel twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ma-net-onnx-'));
  tf.removeBackend('onnx');
  await startBackend(createOnnxBackend({ profileTo: folder }), { threads: 1 });
  const images = [3, 2, 1].map((channels) => tf.randomNormal([2, 3, 4, channels]));
  const y = tf.tidy(() => block(...images));
  await y.data();
  tf.dispose([y, ...images]);
  tf.removeBackend('onnx');
  const centred = async (): Promise<number[]> => {
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), 'utf8')) as Event[];
    return events
      .filter(({ name }) => /^Sub#\d+\/Sub\..*_kernel_time$/.test(name))
      .map(({ args }) => args.output_type_shape[0]!.float[3])
      .filter((channels) => channels !== undefined);
  };
  // Of the second and the third image only what was joined to the one before.
  await expect.poll(async () => (await centred()).toSorted()).toEqual([1, 2, 3]);
});

interface Event {
  readonly name: string;
  readonly args: { readonly output_type_shape: readonly { readonly float: readonly number[] }[] };
}
