// The kernels of backend-webgpu against those they replace, on whatever GPU Vulkan or Metal offers. On a
// software renderer the ratios say little about hardware: a thread costs far more there than what it computes.

import { webgpu } from '@ma-net/backend-webgpu';
import { Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

// Importing tfjs's backend registers the stock kernels; `stock` keeps them before the adapter replaces any.
await import('@tensorflow/tfjs-backend-webgpu');
tf.copyRegisteredKernels('webgpu', 'stock');
const running = await startBackend(webgpu);
tf.registerBackend('stock', () => tf.findBackend('webgpu'));

const rng = Rng.fromSeed(1);
const random = (...shape: number[]): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(rng.normals(size, 1), shape);
};

/** Milliseconds of one call on `backend`, the best of a few after one that compiles. */
async function time(backend: string, run: () => tf.Tensor): Promise<number> {
  await tf.setBackend(backend);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4; round++) {
    const started = performance.now();
    run().dispose();
    await running.sync();
    if (round > 0) best = Math.min(best, performance.now() - started);
  }
  return best;
}

const large = process.argv.includes('--large');
const convolutions: [number, number, number, number][] = large
  ? [
      [64, 32, 64, 64],
      [64, 16, 128, 128],
      [64, 8, 256, 256],
      [64, 32, 3, 64],
    ]
  : [
      [4, 16, 16, 16],
      [16, 8, 32, 32],
      [8, 16, 3, 16],
    ];

console.log(`${running.device}\n`);
console.log('filter gradient, 3x3                stock        ours   ratio');
for (const [batch, size, input, output] of convolutions) {
  const inputs = { x: random(batch, size, size, input), dy: random(batch, size, size, output) };
  const attrs = { strides: 1, pad: 1, dataFormat: 'NHWC', filterShape: [3, 3, input, output] };
  const run = (): tf.Tensor =>
    tf.engine().runKernel('Conv2DBackpropFilter', inputs, attrs as tf.NamedAttrMap);
  const [stock, ours] = [await time('stock', run), await time('webgpu', run)];
  const name = `[${batch}, ${size}, ${size}, ${input}] to ${output}`;
  const columns = [name.padEnd(32), ms(stock), ms(ours), (stock / ours).toFixed(1).padStart(7)];
  console.log(columns.join(' '));
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`.padStart(11);
}
process.exit(0);
