import '../test/backend.ts';
import { type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { kernelsOf } from '../test/oracle.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { type GradientRule, gatesOf, modulate } from './gates.ts';

const kernels = kernelsOf([[2, 3, 2]]);
const draw = (seed: number, shape: number[]): tf.Tensor =>
  tf.tensor(
    Rng.fromSeed(seed).normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
const one = (params: Params): tf.Tensor => params['layer0']!;

const q_FO = tf.tensor2d([0.2, 1.5, 0.9, 1.8, 0.5, 1.1], [2, 3]);
const mask_FO = tf.tensor2d([0, 1, 1, 1, 0, 1], [2, 3]);
const q = { layer0: q_FO };
const masks = { layer0: mask_FO };

describe('gatesOf', () => {
  test('multiplies with the mask', () => {
    expectClose(one(gatesOf(q, masks)), { shape: [2, 3], data: [0, 1.5, 0.9, 1.8, 0, 1.1] });
  });

  test('strength is an exponent: 0 leaves the masks', () => {
    expectClose(one(gatesOf(q, masks, { strength: 0 })), mask_FO, { atol: 0, rtol: 0 });
    const half = [0, Math.sqrt(1.5), Math.sqrt(0.9), Math.sqrt(1.8), 0, Math.sqrt(1.1)];
    expectClose(one(gatesOf(q, masks, { strength: 0.5 })), { shape: [2, 3], data: half });
  });

  test('the soft cut starts at the threshold and has mean 1', () => {
    // max(q - 0.8, 0): 0 .7 .1 1 0 .3, mean .35.
    const soft = one(gatesOf(q, masks, { cut: 'soft', thresholds: [0.8] }));
    expectClose(soft, { shape: [2, 3], data: [0, 2, 0.1 / 0.35, 1 / 0.35, 0, 0.3 / 0.35] });
    expect(() => gatesOf(q, masks, { cut: 'soft' })).toThrowError(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test.each([-0.5, 2, Number.NaN])('refuses the strength %d', (strength) => {
    expect(() => gatesOf(q, masks, { strength })).toThrowError(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test.each([{}, { strength: 0.5 }, { strength: 0 }, { cut: 'soft', thresholds: [0.8] }] as const)(
    'crosses the mask straight through: ds/dq is 1, dead or alive (%j)',
    (options) => {
      const dy = draw(3, [2, 3]);
      const gradient = tf.grad((x) =>
        tf.sum(tf.mul(one(gatesOf({ layer0: x }, masks, { ...options, straightThrough: true })), dy)),
      )(q_FO);
      expectClose(gradient, dy, { atol: 0, rtol: 0 });
    },
  );

  test('without it dead connections get no gradient', () => {
    const gradient = tf.grad((x) => tf.sum(one(gatesOf({ layer0: x }, masks))))(q_FO);
    expectClose(gradient, mask_FO, { atol: 0, rtol: 0 });
  });
});

describe('modulate', () => {
  const weight = draw(1, [2, 2, 2, 3]);
  const dy = draw(2, [2, 2, 2, 3]);
  const gate_FO = tf.mul(q_FO, mask_FO);
  const gradients = (rule: GradientRule): [tf.Tensor, tf.Tensor] =>
    tf.grads((w, s) => tf.sum(tf.mul(one(modulate({ layer0: w! }, { layer0: s! }, kernels, rule)), dy)))([
      weight,
      gate_FO,
    ]) as [tf.Tensor, tf.Tensor];
  const scaled = tf.mul(dy, gate_FO);
  const ofGates = tf.sum(tf.mul(dy, weight), [0, 1]);
  const none = (like: tf.Tensor): tf.Tensor => tf.zerosLike(like);

  test.each(['constant-kernel', 'feedback', 'chain-rule', 'together'] as const)(
    '%s computes W * s exactly',
    (rule) => {
      const found = one(modulate({ layer0: weight }, { layer0: gate_FO }, kernels, rule));
      expectClose(found, tf.mul(weight, gate_FO), { atol: 0, rtol: 0 });
    },
  );

  // Two of the six gates are 0: their connections still get a gradient where the rule says so.
  test.each([
    ['constant-kernel', none(weight), ofGates],
    ['chain-rule', scaled, ofGates],
    ['together', dy, ofGates],
  ] as const)('%s: gradients of W and s', (rule, expectedW, expectedS) => {
    const [w, s] = gradients(rule);
    expectClose(w, expectedW, { what: 'dW' });
    expectClose(s, expectedS, { what: 'ds' });
  });

  test("feedback: dL/dW = dL/dW', also where the gate is 0", () => {
    const gradient = tf.grad((w) =>
      tf.sum(tf.mul(one(modulate({ layer0: w }, { layer0: gate_FO }, kernels, 'feedback')), dy)),
    )(weight);
    expectClose(gradient, dy, { atol: 0, rtol: 0 });
  });

  test('modulates dense kernels too, and leaves nothing behind', () => {
    const dense = [{ ...kernels[0]!, preAxis: 0, postAxis: 1, area: 1, width: 1 }];
    const w = draw(5, [2, 3]);
    expectClose(one(modulate({ layer0: w }, { layer0: gate_FO }, dense, 'feedback')), tf.mul(w, gate_FO));
    expectNoLeak(() => modulate({ layer0: w }, { layer0: gate_FO }, dense, 'together'));
    expectNoLeak(() => gatesOf(q, masks, { strength: 0.3, straightThrough: true }));
  });
});
