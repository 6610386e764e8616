import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readUnits } from '../test/oracle.ts';
import { expectClose, tensorOf } from '../test/tensors.ts';
import { type Activation, activations } from './activation.ts';

const units = readUnits();
const logits_FO = tensorOf(units.logits) as tf.Tensor2D;
const random = (seed: number, shape: [number, number], spread = 2): tf.Tensor2D =>
  tf.tensor2d(Rng.fromSeed(seed).normals(shape[0] * shape[1], spread), shape);

describe('activations', () => {
  test('agree with the oracle', () => {
    expectClose(activations.softmax(logits_FO), units.softmax, { what: 'softmax' });
    expectClose(activations.sigmoid(logits_FO), units.sigmoid, { what: 'sigmoid' });
    expectClose(activations.sparsemax(logits_FO), units.sparsemax, { what: 'sparsemax' });
    expectClose(activations.softmax(tf.mul(logits_FO, 2)), units.temp2_softmax, { what: 'T = 2' });
  });

  test.each(Object.keys(activations) as Activation[])('%s is the identity without competition', (name) => {
    expectClose(activations[name](tf.zeros([5, 3])), tf.ones([5, 3]), { atol: 1e-6, rtol: 0 });
  });

  test.each([1, 2, 3, 4, 5])('softmax and sparsemax share F among the pre-neurons (seed %i)', (seed) => {
    for (const name of ['softmax', 'sparsemax'] as const) {
      const q_FO = activations[name](random(seed, [2 + seed * 3, 4]));
      expectClose(tf.mean(q_FO, 0), tf.ones([4]), { what: name });
      expect(tf.min(q_FO).dataSync()[0]).toBeGreaterThanOrEqual(0);
      // The largest reaches the average, so a threshold of at most 1 never empties a post-neuron.
      expect(tf.min(tf.max(q_FO, 0)).dataSync()[0]).toBeGreaterThanOrEqual(1 - 1e-6);
    }
  });

  test('layer shares F O among all connections of the layer', () => {
    const q_FO = activations.layer(random(7, [6, 4]));
    expect(tf.mean(q_FO).dataSync()[0]).toBeCloseTo(1, 5);
    // exp(z) / sum(exp(z)), by hand for two connections: e / (1 + e) * 2 = 1.4621172.
    expectClose(activations.layer(tf.tensor2d([[1], [0]])), { shape: [2, 1], data: [1.4621172, 0.5378828] });
  });

  test('sparsemax projects onto the simplex: no other point of it is nearer', () => {
    // F = 3, so z / F = (1, 0.5, 0.1): tau = (1 + 0.5 - 1) / 2 = 0.25, p = (0.75, 0.25, 0), q = 3 p.
    const q_FO = activations.sparsemax(tf.tensor2d([[3], [1.5], [0.3]]));
    expectClose(q_FO, { shape: [3, 1], data: [2.25, 0.75, 0] });
  });

  test.each(Object.keys(activations) as Activation[])(
    'the gradient of %s is that of finite differences',
    (name) => {
      const z_FO = random(11, [5, 2], 1);
      const weight_FO = random(12, [5, 2]);
      const value = (z: tf.Tensor): tf.Scalar =>
        tf.sum(tf.mul(activations[name](z as tf.Tensor2D), weight_FO));
      const gradient = tf.grad(value)(z_FO).dataSync();
      const step = 1e-2;
      for (let i = 0; i < z_FO.size; i++) {
        const moved = (by: number): number => {
          const z = z_FO.dataSync().slice();
          z[i]! += by;
          return value(tf.tensor2d(z, z_FO.shape)).dataSync()[0]!;
        };
        expect(gradient[i]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 2);
      }
    },
  );
});
