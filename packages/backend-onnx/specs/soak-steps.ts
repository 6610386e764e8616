import { Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { onnx } from '../src/index.ts';

const steps = Number(process.argv[2] ?? 10_000);
const WARM_UP = steps / 5;
/** Growth that counts as a leak: a hundredth of what losing one small tensor a step would cost. */
const ALLOWED_MB = 16;

const backend = await startBackend(onnx);
const rng = Rng.fromSeed(1);
const random = (...shape: number[]): tf.Tensor =>
  tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b, 1),
      0.3,
    ),
    shape,
  );

let weights: tf.Tensor[] = [random(3, 3, 1, 8), random(3, 3, 8, 8), random(8, 4)];
const images = random(8, 8, 8, 1) as tf.Tensor4D;

function loss(w1: tf.Tensor, w2: tf.Tensor, w3: tf.Tensor): tf.Scalar {
  const a = tf.relu(tf.conv2d(images, w1 as tf.Tensor4D, 1, 'same'));
  const b = tf.maxPool(tf.relu(tf.conv2d(a, w2 as tf.Tensor4D, 2, 'same')), 2, 2, 'valid');
  return tf.mean(tf.square(tf.matMul(tf.mean(b, [1, 2]) as tf.Tensor2D, w3 as tf.Tensor2D)));
}

async function step(k: number): Promise<number> {
  const { next, value } = tf.tidy(() => {
    const grads = tf.grads(loss as (...xs: tf.Tensor[]) => tf.Scalar)(weights);
    const rate = 1e-3 / (1 + k);
    return {
      next: weights.map((w, i) => tf.sub(w, tf.mul(grads[i]!, rate))),
      value: loss(...(weights as [tf.Tensor, tf.Tensor, tf.Tensor])),
    };
  });
  tf.dispose(weights);
  weights = next;
  await backend.sync();
  const [number] = await value.data();
  value.dispose();
  return number!;
}

/** Resident memory in MB, after a collection where Node lets us ask for one. */
function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

let warm = { mb: 0, tensors: 0 };
let worst = 0;
for (let k = 0; k < steps; k++) {
  await step(k);
  if (k === WARM_UP) warm = { mb: resident(), tensors: tf.memory().numTensors };
  if (k > WARM_UP && k % (steps / 10) === 0) {
    const mb = resident();
    worst = Math.max(worst, mb - warm.mb);
    console.log(
      `step ${k}: ${tf.memory().numTensors} tensors, ${tf.memory().numBytes} bytes, ${mb.toFixed(0)} MB resident`,
    );
  }
}
const tensors = tf.memory().numTensors;
const { compiles } = backend.counters();
console.log(
  `${steps} steps: ${tensors - warm.tensors} tensors more than after warm-up, ${compiles} compiles, at most ${worst.toFixed(1)} MB more`,
);
if (tensors !== warm.tensors || worst > ALLOWED_MB) process.exitCode = 1;
