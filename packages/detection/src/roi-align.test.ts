import { cpu } from '@ma-net/backend-cpu';
import { startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath, type Rows } from '../test/fixtures.ts';
import { roiAlign, type RoiAlignOptions, type Rois } from './roi-align.ts';

beforeAll(() => startBackend(cpu));

const { tensors } = await readSafetensors(fixturePath('roi_align.safetensors'));
const names = Object.keys(tensors).flatMap((name) => (name.endsWith('/out') ? [name.slice(0, -4)] : []));

function numbers(name: string): { readonly data: number[]; readonly shape: readonly number[] } {
  const { data, shape } = tensors[name]!;
  return { data: Array.from(data as Float32Array), shape };
}

function roisOf(rows: Rows, levels: readonly number[] = rows.map(() => 0)): Rois {
  return {
    boxes_R4: tf.tensor2d(
      rows.flatMap((row) => row.slice(1)),
      [rows.length, 4],
    ),
    images_R: tf.tensor1d(
      rows.map(([image]) => image!),
      'int32',
    ),
    levels_R: tf.tensor1d([...levels], 'int32'),
  };
}

/** `aligned_sampling2_7x7`. */
function optionsOf(name: string): RoiAlignOptions {
  const [, aligned, sampling, rows, columns] = /^(\w*aligned)_sampling(\d)_(\d)x(\d)$/.exec(name)!;
  return {
    size: [Number(rows), Number(columns)],
    sampling: sampling === '0' ? { adaptive: true, most: 6 } : Number(sampling),
    aligned: aligned === 'aligned',
  };
}

/** Of box 4: a sampled point lies 10 pixels down a map of 10, inside or outside by rounding alone. */
const ROW_ON_BORDER = 4 * 7 + 3;

describe("values and gradients are torchvision's", () => {
  const { data: flat } = numbers('rois');
  const rows = Array.from({ length: 9 }, (_, i) => flat.slice(5 * i, 5 * i + 5));

  test.each(names)('%s', async (name) => {
    const features = tf.tensor(numbers('features').data, [2, 10, 14, 3]) as tf.Tensor4D;
    const options = optionsOf(name);
    const rois = roisOf(rows);
    const aligned = roiAlign([{ features_NHWC: features, stride: 8 }], rois, options);
    const onBorder = name === 'unaligned_sampling3_7x7';
    const sure = (index: number): boolean => !onBorder || Math.floor(index / (7 * 3)) !== ROW_ON_BORDER;
    expectNear(
      (await aligned.data()).filter((_, k) => sure(k)),
      numbers(`${name}/out`).data.filter((_, k) => sure(k)),
    );

    const weights = tf.tensor(numbers(`${name}/grad_out`).data, aligned.shape);
    const { grads } = valueAndGrad(
      ({ x }) => ({
        value: tf.sum(
          tf.mul(weights, roiAlign([{ features_NHWC: x as tf.Tensor4D, stride: 8 }], rois, options)),
        ),
        aux: {},
      }),
      { x: features },
      ['x'],
    );
    // The last row of the second image is what that row of the result reads.
    const clear = (index: number): boolean => !onBorder || Math.floor(index / (14 * 3)) !== 19;
    expectNear(
      (await grads['x']!.data()).filter((_, k) => clear(k)),
      numbers(`${name}/grad_features`).data.filter((_, k) => clear(k)),
      1e-4,
    );
  });
});

test('a ramp', async () => {
  const ramp = fixture<Readonly<Record<'aligned_4x4' | 'unaligned_4x4', Rows>>>('roi_align_ramp');
  const features = tf.tensor4d(
    Array.from({ length: 25 }, (_, i) => i),
    [1, 5, 5, 1],
  );
  const rois = roisOf([[0, 1, 1, 3, 3]]);
  for (const aligned of [true, false]) {
    const found = roiAlign([{ features_NHWC: features, stride: 1 }], rois, {
      size: [4, 4],
      sampling: 2,
      aligned,
    });
    expectNear(await found.data(), ramp[aligned ? 'aligned_4x4' : 'unaligned_4x4'].flat());
  }
});

test('every box is looked up in its own level and image', async () => {
  const level = (size: number, first: number): tf.Tensor4D =>
    tf.tile(tf.tensor4d([first, first + 1], [2, 1, 1, 1]), [1, size, size, 1]);
  const pyramid = [
    { features_NHWC: level(8, 10), stride: 4 },
    { features_NHWC: level(4, 20), stride: 8 },
  ];
  const rois = roisOf(
    [
      [0, 4, 4, 12, 12],
      [1, 4, 4, 12, 12],
      [0, 2, 2, 30, 30],
      [1, 2, 2, 30, 30],
    ],
    [0, 0, 1, 1],
  );
  const found = roiAlign(pyramid, rois, { size: [2, 2], sampling: 2, aligned: true });
  expect([...(await found.data())].map(Math.round)).toEqual(
    [10, 11, 20, 21].flatMap((value) => [value, value, value, value]),
  );
});
