import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath, type Rows } from '../test/fixtures.ts';
import { roiAlign, type RoiAlignOptions, type RoiAlignPath, type Rois } from './roi-align.ts';

beforeAll(() => startBackend(cpu));

const { tensors } = await readSafetensors(fixturePath('roi_align.safetensors'));
const names = Object.keys(tensors).flatMap((name) => (name.endsWith('/out') ? [name.slice(0, -4)] : []));

function numbers(name: string): { readonly data: number[]; readonly shape: readonly number[] } {
  const { data, shape } = tensors[name]!;
  return { data: Array.from(data as Float32Array), shape };
}

/** Every image looks up the boxes of all rows; `own` keeps what a row asked for. */
function roisOf(rows: Rows, levels: readonly number[] = rows.map(() => 0), images = 2): Rois {
  const boxes = rows.flatMap((row) => row.slice(1));
  const times = <T>(list: readonly T[]): T[] => Array.from({ length: images }, () => list).flat();
  return {
    boxes_BR4: tf.tensor3d(times(boxes), [images, rows.length, 4]),
    levels_BR: tf.tensor2d(times(levels), [images, rows.length], 'int32'),
  };
}

function own(aligned_BRPQC: tf.Tensor, rows: Rows): tf.Tensor {
  const [images, count, ...rest] = aligned_BRPQC.shape as [number, number];
  const at = rows.map(([image], r) => image! * count + r);
  return tf.gather(tf.reshape(aligned_BRPQC, [images * count, ...rest]), tf.tensor1d(at, 'int32'));
}

const paths = ['gather', 'products'] as const satisfies readonly RoiAlignPath[];

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

  test.each(names.flatMap((name) => paths.map((path) => [name, path] as const)))(
    '%s, %s',
    async (name, path) => {
      const features = tf.tensor(numbers('features').data, [2, 10, 14, 3]) as tf.Tensor4D;
      const options = optionsOf(name);
      const rois = roisOf(rows);
      const align = (x: tf.Tensor): tf.Tensor =>
        own(roiAlign([{ features_NHWC: x as tf.Tensor4D, stride: 8 }], rois, options, path), rows);
      const aligned = align(features);
      const onBorder = name === 'unaligned_sampling3_7x7';
      const sure = (index: number): boolean => !onBorder || Math.floor(index / (7 * 3)) !== ROW_ON_BORDER;
      expectNear(
        (await aligned.data()).filter((_, k) => sure(k)),
        numbers(`${name}/out`).data.filter((_, k) => sure(k)),
      );

      const weights = tf.tensor(numbers(`${name}/grad_out`).data, aligned.shape);
      const { grads } = valueAndGrad(
        ({ x }) => ({
          value: tf.sum(tf.mul(weights, align(x!))),
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
    },
  );
});

test('a ramp', async () => {
  const ramp = fixture<Readonly<Record<'aligned_4x4' | 'unaligned_4x4', Rows>>>('roi_align_ramp');
  const features = tf.tensor4d(
    Array.from({ length: 25 }, (_, i) => i),
    [1, 5, 5, 1],
  );
  const rois = roisOf([[0, 1, 1, 3, 3]], [0], 1);
  for (const [aligned, path] of [true, false].flatMap((way) => paths.map((path) => [way, path] as const))) {
    const options = { size: [4, 4], sampling: 2, aligned } as const;
    const found = roiAlign([{ features_NHWC: features, stride: 1 }], rois, options, path);
    expectNear(await found.data(), ramp[aligned ? 'aligned_4x4' : 'unaligned_4x4'].flat());
  }
});

test.each(paths)('every box is looked up in its own level and image: %s', async (path) => {
  const level = (size: number, first: number): tf.Tensor4D =>
    tf.tile(tf.tensor4d([first, first + 1], [2, 1, 1, 1]), [1, size, size, 1]);
  const pyramid = [
    { features_NHWC: level(8, 10), stride: 4 },
    { features_NHWC: level(4, 20), stride: 8 },
  ];
  const rows = [
    [0, 4, 4, 12, 12],
    [1, 4, 4, 12, 12],
    [0, 2, 2, 30, 30],
    [1, 2, 2, 30, 30],
  ];
  const options = { size: [2, 2], sampling: 2, aligned: true } as const;
  const found = own(roiAlign(pyramid, roisOf(rows, [0, 0, 1, 1]), options, path), rows);
  expect([...(await found.data())].map(Math.round)).toEqual(
    [10, 11, 20, 21].flatMap((value) => [value, value, value, value]),
  );
});

test('both paths agree on random boxes, levels and maps', async () => {
  const rng = Rng.fromSeed(7);
  const pyramid = [12, 6, 3].map((side, l) => ({
    features_NHWC: tf.tensor4d(rng.split(l).normals(3 * side * (side + 1) * 2, 1), [3, side, side + 1, 2]),
    stride: 4 * 2 ** l,
  }));
  const rois = {
    boxes_BR4: tf.tensor3d(rng.split('boxes').uniforms(3 * 5 * 4, -10, 60), [3, 5, 4]),
    levels_BR: tf.tensor2d(Array.from(rng.split('levels').uniforms(15, 0, 3), Math.floor), [3, 5], 'int32'),
  };
  for (const sampling of [1, 2, { adaptive: true, most: 4 } as const]) {
    const options = { size: [3, 2], sampling, aligned: true } as const;
    const [gathered, multiplied] = paths.map((path) => roiAlign(pyramid, rois, options, path));
    expect(multiplied!.shape).toEqual([3, 5, 3, 2, 2]);
    expectNear(await multiplied!.data(), Array.from(await gathered!.data()), 1e-5);
  }
});
