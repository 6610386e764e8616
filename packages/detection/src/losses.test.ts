import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import {
  binaryCrossEntropy,
  centerness,
  diceLoss,
  distanceOverlap,
  focalLoss,
  pairedGiou,
  smoothL1,
} from './losses.ts';

beforeAll(() => startBackend(cpu));

async function withGradient(
  loss: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
): Promise<{ readonly values: Float32Array; readonly grad: Float32Array }> {
  const values = loss(x);
  const { grads } = valueAndGrad(({ x }) => ({ value: tf.sum(loss(x!)), aux: {} }), { x }, ['x']);
  return {
    values: (await values.data()) as Float32Array,
    grad: (await grads['x']!.data()) as Float32Array,
  };
}

interface Losses {
  readonly focal: Readonly<Record<'logits' | 'targets' | 'loss' | 'grad_of_sum', Rows>>;
  readonly 'ltrb_giou (+1 in intersection and union)': Readonly<
    Record<'pred' | 'target' | 'grad_of_sum_of_centerness_weighted_1_minus_giou', Rows> &
      Record<'iou' | 'giou' | 'centerness_target', readonly number[]>
  >;
}
const oracle = fixture<Losses>('fcos-losses');

describe("losses of FCOS's reference code", () => {
  test('focal loss', async () => {
    const { logits, targets, loss, grad_of_sum } = oracle.focal;
    const { values, grad } = await withGradient(
      (x) => focalLoss(x, tf.tensor(targets as never), { alpha: 0.25, gamma: 2 }),
      tf.tensor(logits as never),
    );
    expectNear(values, loss.flat());
    expectNear(grad, grad_of_sum.flat(), 1e-4);
  });

  test('overlap of distances, weighted by centerness', async () => {
    const expected = oracle['ltrb_giou (+1 in intersection and union)'];
    const [predicted, target] = [tf.tensor(expected.pred as never), tf.tensor(expected.target as never)];
    const weights = centerness(target);
    expectNear(await weights.data(), expected.centerness_target);
    const { iou, giou } = distanceOverlap(predicted, target);
    expectNear(await iou.data(), expected.iou);
    expectNear(await giou.data(), expected.giou);
    const { grad } = await withGradient(
      (x) => tf.mul(weights, tf.sub(1, distanceOverlap(x, target).giou)),
      predicted,
    );
    expectNear(grad, expected.grad_of_sum_of_centerness_weighted_1_minus_giou.flat(), 1e-4);
  });
});

test("generalised overlap of pairs, and its gradient, are torchvision's", async () => {
  const {
    a_xyxy,
    b_xyxy,
    giou,
    giou_loss_pairs_a0to5_b: pairs,
  } = fixture<{
    readonly a_xyxy: Rows;
    readonly b_xyxy: Rows;
    readonly giou: Rows;
    readonly giou_loss_pairs_a0to5_b: { readonly grad_a: Rows };
  }>('iou');
  const [a, b] = [tf.tensor(a_xyxy.slice(0, 6) as never), tf.tensor(b_xyxy as never)];
  const { values, grad } = await withGradient((x) => tf.sub(1, pairedGiou(x, b)), a);
  expectNear(
    values,
    b_xyxy.map((_, i) => 1 - giou[i]![i]!),
  );
  // Where a pair of equal sides is compared, one box or the other may be given the gradient.
  const distinct = (_: number, k: number): boolean =>
    Math.floor(k / 4) !== 0 && a_xyxy.flat()[k] !== b_xyxy.flat()[k];
  expectNear([...grad].filter(distinct), pairs.grad_a.flat().filter(distinct), 1e-4);
});

test('cross-entropy of large logits does not overflow', async () => {
  const logits = tf.tensor1d([-200, -1, 0, 1, 200]);
  const targets = tf.tensor1d([0, 1, 0.5, 0, 1]);
  expectNear(await binaryCrossEntropy(logits, targets).data(), [0, 1.31326169, 0.69314718, 1.31326169, 0]);
});

test('smooth L1 joins its two parts smoothly, and is L1 without a width', async () => {
  const x = tf.tensor1d([-2, -0.5, -0.1, 0, 0.25, 0.5, 3]);
  const { values, grad } = await withGradient((t) => smoothL1(t, 0.5), x);
  expectNear(values, [1.75, 0.25, 0.01, 0, 0.0625, 0.25, 2.75]);
  expectNear(grad, [-1, -1, -0.2, 0, 0.5, 1, 1], 1e-4);
  expectNear(await smoothL1(x, 0).data(), [2, 0.5, 0.1, 0, 0.25, 0.5, 3]);
});

test('dice loss is 0 for a perfect mask, 1 for a disjoint one', async () => {
  const mask = tf.tensor2d([
    [1, 1, 0, 0],
    [1, 1, 0, 0],
  ]);
  const found = tf.tensor2d([
    [1, 1, 0, 0],
    [0, 0, 1, 1],
  ]);
  expectNear(await diceLoss(found, mask).data(), [1 - 4 / (4 + 1e-5), 1], 1e-6);
  const p = Rng.fromSeed(2).uniforms(8, 0, 1);
  const expected = [0, 1].map((row) => {
    const part = [...p].slice(4 * row, 4 * row + 4);
    return 1 - (2 * (part[0]! + part[1]!)) / (part.reduce((sum, v) => sum + v * v, 0) + 2 + 1e-5);
  });
  expectNear(await diceLoss(tf.tensor2d(p, [2, 4]), mask).data(), expected);
});
