// On the ONNX engine what needs gradients has the values and gradients of the cpu backend.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectNear } from '../test/fixtures.ts';
import { centerness, diceLoss, distanceOverlap, focalLoss, pairedGiou, smoothL1 } from './losses.ts';
import { roiAlign, type RoiAlignPath } from './roi-align.ts';

type Loss = (x: tf.Tensor, other: tf.Tensor) => tf.Tensor;

const adaptive = { size: [2, 2], sampling: { adaptive: true, most: 3 }, aligned: true } as const;

function aligned(x: tf.Tensor, other: tf.Tensor, path: RoiAlignPath): tf.Tensor {
  const pyramid = [
    { features_NHWC: tf.reshape(x, [1, 4, 4, 2]) as tf.Tensor4D, stride: 4 },
    { features_NHWC: tf.reshape(tf.slice(x, 0, 2), [1, 2, 2, 2]) as tf.Tensor4D, stride: 8 },
  ];
  const rois = {
    boxes_BR4: tf.reshape(tf.mul(other, [2, 2, 6, 6]), [1, 8, 4]) as tf.Tensor3D,
    levels_BR: tf.tensor2d([0, 1, 0, 1, 0, 0, 1, 1], [1, 8], 'int32'),
  };
  return roiAlign(pyramid, rois, adaptive, path);
}

const losses: Readonly<Record<string, Loss>> = {
  focal: (x, other) => focalLoss(x, tf.cast(tf.greater(other, 1), 'float32'), { alpha: 0.25, gamma: 2 }),
  dice: (x, other) => diceLoss(tf.sigmoid(x), tf.sigmoid(other)),
  'smooth L1': (x, other) => smoothL1(tf.sub(x, other), 0.5),
  centerness: (x) => centerness(x),
  'overlap of distances': (x, other) => distanceOverlap(x, other).giou,
  'overlap of pairs': (x, other) =>
    pairedGiou(tf.concat([x, x], 0), tf.concat([other, tf.add(other, 0.1)], 0)),
  'RoIAlign by products': (x, other) => aligned(x, other, 'products'),
  'RoIAlign by gathering': (x, other) => aligned(x, other, 'gather'),
};

async function numbers(loss: Loss, name: string): Promise<number[]> {
  const rng = Rng.fromSeed(4).split(name);
  const [x, other] = [0, 1].map((k) => tf.tensor2d(rng.split(k).uniforms(32, 0.2, 2), [8, 4]));
  const { value, grads } = valueAndGrad(
    ({ x }) => {
      const values = loss(x!, other!);
      return {
        value: tf.sum(tf.mul(values, tf.tensor(rng.split(2).normals(values.size, 1), values.shape))),
        aux: {},
      };
    },
    { x: x! },
    ['x'],
  );
  const found = [...(await value.data()), ...(await grads['x']!.data())];
  tf.dispose([x!, other!, value, grads]);
  return found;
}

test.each(Object.entries(losses))('%s', async (name, loss) => {
  await startBackend(cpu);
  const expected = await numbers(loss, name);
  expect(expected.some((value) => value !== 0)).toBe(true);
  await startBackend(onnx);
  expectNear(await numbers(loss, name), expected, 1e-5);
});
