// Masks of CondInst and losses of BoxInst against AdelaiDet's.

import { cpu } from '@ma-net/backend-cpu';
import { startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath } from '../test/fixtures.ts';
import { NEIGHBOURS, pairwiseLoss, pairwiseTerms, projectionLoss } from './box-supervision.ts';
import {
  alignedBilinear,
  dynamicMasks,
  dynamicParameters,
  type Instances,
  relativeCoordinates,
} from './dynamic-masks.ts';
import { diceLoss } from './losses.ts';

beforeAll(() => startBackend(cpu));

interface Case {
  readonly params_per_instance: number;
  readonly channels: number;
  readonly mask_channels: number;
  readonly losses?: { readonly loss_mask: number };
  readonly losses_at_iteration?: Readonly<
    Record<string, { readonly loss_prj: number; readonly loss_pairwise: number }>
  >;
  readonly gradients_at_iteration?: number;
}
const { terms, ...cases } = fixture<
  Readonly<Record<string, Case>> & {
    readonly terms: { readonly pairwise_zero_logits_centre: number; readonly 'pairwise_p_.9_centre': number };
  }
>('condinst');
const { tensors } = await readSafetensors(fixturePath('dynamic_head.safetensors'));
const numbers = (name: string): number[] => Array.from(tensors[name]!.data);
const tensor = <T extends tf.Tensor>(name: string, dtype?: 'int32'): T =>
  tf.tensor(numbers(name), [...tensors[name]!.shape], dtype) as unknown as T;

function instancesOf(name: string): Omit<Instances, 'parameters_IP'> {
  return {
    locations_I2: tensor(`${name}/locations_xy`),
    levels_I: tensor(`${name}/levels`, 'int32'),
    images_I: tensor(`${name}/image_index`, 'int32'),
  };
}

/** Logits at stride 4 of the parameters and mask features. */
function logitsOf(name: string, params: tf.Tensor, features: tf.Tensor): tf.Tensor3D {
  const { channels } = cases[name] as Case;
  const instances = { ...instancesOf(name), parameters_IP: params as tf.Tensor2D };
  return alignedBilinear(dynamicMasks(features as tf.Tensor4D, instances, { channels }), 2);
}

/** Of the object that every instance stands for. */
function ofObjects<T extends tf.Tensor>(name: string, what: string): T {
  return tf.gather(tensor(`${name}/${what}`), tensor<tf.Tensor1D>(`${name}/gt_index`, 'int32'));
}

const names = Object.keys(cases).filter((name) => name !== 'terms');

describe.each(names)('%s', (name) => {
  const one = cases[name] as Case;

  test('parameters, coordinates and logits', async () => {
    expect(dynamicParameters(one.mask_channels, one.channels)).toBe(one.params_per_instance);
    const [, height, width] = tensors[`${name}/mask_feats`]!.shape as [number, number, number];
    const { locations_I2, levels_I } = instancesOf(name);
    const relative = relativeCoordinates(locations_I2, levels_I, { height, width, stride: 8 });
    expectNear(await relative.data(), numbers(`${name}/relative_coordinates_xy`));
    const logits = logitsOf(name, tensor(`${name}/params`), tensor(`${name}/mask_feats`));
    expectNear(await logits.data(), numbers(`${name}/mask_logits_stride4`));
  });

  const gradients = async (prefix: string, loss: (logits: tf.Tensor3D) => tf.Scalar): Promise<number> => {
    const { value, grads } = valueAndGrad(
      ({ params, features }) => ({ value: loss(logitsOf(name, params!, features!)), aux: {} }),
      { params: tensor(`${name}/params`), features: tensor(`${name}/mask_feats`) },
      ['params', 'features'],
    );
    expectNear(await grads['params']!.data(), numbers(`${name}/${prefix}/params`), 1e-4);
    expectNear(await grads['features']!.data(), numbers(`${name}/${prefix}/mask_feats`), 1e-4);
    return (await value.data())[0]!;
  };

  if (one.losses !== undefined) {
    test('loss and gradients under masks', async () => {
      const truth = ofObjects<tf.Tensor3D>(name, 'gt_masks_stride4');
      const [count, height, width] = truth.shape;
      const flat = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [count, height * width]);
      const loss = await gradients('grad', (logits) =>
        tf.mean(diceLoss(flat(tf.sigmoid(logits)), flat(truth))),
      );
      expect(loss).toBeCloseTo(one.losses!.loss_mask, 5);
    });
  }

  if (one.losses_at_iteration !== undefined) {
    test('losses and gradients under boxes, while the pairwise one grows', async () => {
      const boxes = ofObjects<tf.Tensor3D>(name, 'gt_masks_stride4');
      const similarity = ofObjects<tf.Tensor4D>(name, 'colour_similarity');
      const projection = await gradients('grad_projection', (logits) =>
        tf.mean(projectionLoss(logits, boxes)),
      );
      const at = (done: number) => ({ warmup: { over: 10_000, done } });
      await gradients('grad_pairwise', (logits) =>
        pairwiseLoss(logits, similarity, boxes, at(one.gradients_at_iteration!)),
      );
      const logits = logitsOf(name, tensor(`${name}/params`), tensor(`${name}/mask_feats`));
      for (const [done, expected] of Object.entries(one.losses_at_iteration!)) {
        expect(projection).toBeCloseTo(expected.loss_prj, 5);
        const [pairwise] = await pairwiseLoss(logits, similarity, boxes, at(Number(done))).data();
        expect(pairwise).toBeCloseTo(expected.loss_pairwise, 5);
      }
    });
  }
});

test.each([1, 2, 4, 8])('aligned resizing by %i, and its gradient', async (times) => {
  const { tensors: maps } = await readSafetensors(fixturePath('aligned_bilinear.safetensors'));
  const read = (what: string): tf.Tensor4D => {
    const { data, shape } = maps[`x${times}/${what}`]!;
    return tf.tensor4d(Array.from(data), shape as [number, number, number, number]);
  };
  const [images, height, width, channels] = read('in').shape;
  const resized = (x_NHWC: tf.Tensor4D): tf.Tensor => {
    const maps_MHW = tf.reshape(tf.transpose(x_NHWC, [0, 3, 1, 2]), [images * channels, height, width]);
    const large = alignedBilinear(maps_MHW as tf.Tensor3D, times);
    return tf.transpose(tf.reshape(large, [images, channels, height * times, width * times]), [0, 2, 3, 1]);
  };
  expectNear(await resized(read('in')).data(), [...(await read('out').data())]);
  const weights = read('grad_out');
  const { grads } = valueAndGrad(
    ({ x }) => ({ value: tf.sum(tf.mul(resized(x as tf.Tensor4D), weights)), aux: {} }),
    { x: read('in') },
    ['x'],
  );
  expectNear(await grads['x']!.data(), [...(await read('grad_in').data())], 1e-4);
});

test('pixels that are as sure as can be of nothing cost log 2, sure ones little; the border costs nothing', async () => {
  expect(NEIGHBOURS).toHaveLength(8);
  const at = async (logit: number): Promise<number[]> => {
    const values = await pairwiseTerms(tf.fill([1, 7, 7], logit) as tf.Tensor3D).data();
    return [...values.slice(8 * (3 * 7 + 3), 8 * (3 * 7 + 4)), values[0]!];
  };
  expectNear(await at(0), [...Array<number>(8).fill(terms.pairwise_zero_logits_centre), 0]);
  expectNear(await at(Math.log(9)), [...Array<number>(8).fill(terms['pairwise_p_.9_centre']), 0], 1e-5);
});

test('vectors of another length are refused', () => {
  const instances = { ...instancesOf('tiny'), parameters_IP: tf.zeros([5, 20]) as tf.Tensor2D };
  expect(() => dynamicMasks(tensor('tiny/mask_feats'), instances, { channels: 2 })).toThrow(
    /20 parameters.*need 21/,
  );
});
