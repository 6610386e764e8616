import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, random } from '../../test/oracle.ts';

describe('matrix products agree with the cpu backend', () => {
  test('with transposes and broadcast batches, value and gradient', () =>
    forSeeds(16, async (draw) => {
      const [m, k, n] = [draw.int(1, 6), draw.int(1, 6), draw.int(1, 6)];
      const [ta, tb] = [draw.bool(), draw.bool()];
      const batch = draw.pick([[], [3], [2, 3]]);
      const a = random(draw, [...batch, ...(ta ? [k, m] : [m, k])]);
      const b = random(draw, [...batch, ...(tb ? [n, k] : [k, n])]);
      await agrees((x, y) => tf.matMul(x!, y!, ta, tb), [a, b], { gradient: true });
      const shared = random(draw, [...batch.map(() => 1), ...(tb ? [n, k] : [k, n])]);
      await agrees((x, y) => tf.matMul(x!, y!, ta, tb), [a, shared]);
    }));

  test('dot, outerProduct and einsum', () =>
    forSeeds(3, async (draw) => {
      await agrees((a, b) => tf.dot(a!, b!), [random(draw, [4]), random(draw, [4, 3])], { gradient: true });
      await agrees(
        (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D),
        [random(draw, [4]), random(draw, [3])],
      );
      await agrees(
        (a, b) => tf.einsum('bij,bkj->bik', a!, b!),
        [random(draw, [2, 3, 4]), random(draw, [2, 5, 4])],
      );
    }));

  test('fused with bias and each activation', () =>
    forSeeds(2, async (draw) => {
      const inputs = [random(draw, [3, 4]), random(draw, [4, 5]), random(draw, [5]), random(draw, [5])];
      for (const activation of ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const) {
        await agrees(
          (a, b, bias, preluActivationWeights) =>
            tf.fused.matMul({
              a: a!,
              b: b!,
              bias: bias!,
              activation,
              leakyreluAlpha: 0.3,
              preluActivationWeights: preluActivationWeights!,
            }),
          inputs,
        );
      }
    }));
});
