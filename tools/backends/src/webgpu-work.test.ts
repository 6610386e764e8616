// What a plain training step asks of a GPU: counted, so that it holds on any device, and against tfjs's own backend.

import { webgpu } from '@ma-net/backend-webgpu';
import {
  crossEntropy,
  type Params,
  Rng,
  type RunningBackend,
  startBackend,
  valueAndGrad,
} from '@ma-net/core';
import { countGpuWork, describeOn, type GpuWork, workBetween } from '@ma-net/testing';
import { stockWebgpu } from '@ma-net/testing/node';
import { createTNet } from '@ma-net/tnet';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import './members.ts';

const BATCH = 2;
const networks = ['resnet8-digits', 'vit-digits'] as const;

/** The work of the third of three steps of SGD, and how many numbers the network has. */
async function stepOf(
  name: string,
  running: RunningBackend,
  work: () => GpuWork,
): Promise<{ readonly work: GpuWork; readonly images: number; readonly weights: number }> {
  const network = await createTNet(name, { numClasses: 10 });
  const rng = Rng.fromSeed(1);
  let { params, stats } = network.init(rng);
  let momentum: Params = {};
  const shape = [BATCH, ...network.inputs[0]!.shape];
  const size = shape.reduce((a, b) => a * b);
  const weights = Object.values(params).reduce((sum, w) => sum + w.size, 0);
  let before = work();
  for (let step = 0; step < 3; step++) {
    before = work();
    const made = tf.tidy(() => {
      const images = tf.tensor(rng.normals(size, 1), shape);
      const labels = tf.tensor1d([3, 7], 'int32');
      const { value, grads, aux } = valueAndGrad(
        (p) => {
          const out = network.forward(p, stats, { images }, { training: true });
          return { value: crossEntropy(out.outputs.logits, labels), aux: out.stats };
        },
        params,
        Object.keys(params),
      );
      const sgd = { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
      const update = optimizerStep(sgd, params, grads, momentum, 0.1 / (step + 1));
      return { value, stats: aux, params: update.params, momentum: update.state } as tf.TensorContainerObject;
    }) as unknown as { value: tf.Scalar; stats: Params; params: Params; momentum: Params };
    tf.dispose([params, stats, momentum] as unknown as tf.TensorContainer);
    ({ params, stats, momentum } = made);
    const [loss] = await Promise.all([made.value.data(), running.sync()]);
    expect(Number.isFinite(loss[0])).toBe(true);
    made.value.dispose();
  }
  const done = workBetween(before, work());
  tf.dispose([params, stats, momentum] as unknown as tf.TensorContainer);
  return { work: done, images: 4 * size, weights: 4 * weights };
}

describeOn(webgpu, 'the work of a training step', () => {
  let theirs: Record<string, GpuWork>;
  let ours: Record<string, Awaited<ReturnType<typeof stepOf>>>;

  beforeAll(async () => {
    const all = async <T>(measure: (name: string) => Promise<T>): Promise<Record<string, T>> => {
      const found: Record<string, T> = {};
      for (const name of networks) found[name] = await measure(name);
      return found;
    };
    const counted = countGpuWork(stock.device, { dry: true });
    const running = await startBackend(stock.adapter);
    theirs = await all(async (name) => (await stepOf(name, running, counted)).work);
    const own = await startBackend(webgpu);
    const work = countGpuWork((tf.backend() as unknown as { device: GPUDevice }).device, { dry: true });
    ours = await all((name) => stepOf(name, own, work));
  }, 300_000);

  test.each(networks)('%s: at most half of the programs, bytes and buffers of tfjs', (name) => {
    const [stocks, { work }] = [theirs[name]!, ours[name]!];
    expect(work.dispatches).toBeLessThanOrEqual(stocks.dispatches / 2);
    const bytes = ({ bytesRead, bytesWritten }: GpuWork): number => bytesRead + bytesWritten;
    expect(bytes(work)).toBeLessThanOrEqual(bytes(stocks) / 2);
    expect(work.buffers).toBeLessThanOrEqual(stocks.buffers / 2);
  });

  test.each(networks)('%s: one submit; weights and momentum stay on the device', (name) => {
    const { work, images, weights } = ours[name]!;
    expect(work.submits).toBe(1);
    expect(work).toMatchObject({ readBacks: 1, bytesReadBack: 4 });
    // Beside the images: labels, and the sizes and rates that programs are run with.
    const numbers = 512 * work.dispatches;
    expect(work.bytesUploaded).toBeLessThanOrEqual(images + 64 + numbers);
    expect(numbers).toBeLessThan(weights);
  });
});

// Before ours puts its kernels in the place of theirs.
const stock = await stockWebgpu();
