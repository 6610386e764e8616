// What a training step asks of a GPU, on tfjs's own WebGPU backend and on ours: dispatches, bytes that programs read and
// write, buffers, submits, read-backs. Counts, not times: a software renderer gives those of any device.
// node tools/bench/run.mjs webgpu-counts [network ...] [--batch 8]

import { parseArgs } from 'node:util';
import { webgpu } from '@ma-net/backend-webgpu';
import { type BackendAdapter, Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { countGpuWork, type GpuWork, workBetween } from '@ma-net/testing';
import { stockWebgpu, useSwiftShader } from '@ma-net/testing/node';
import { createTNet } from '@ma-net/tnet';
import { timeSteps } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

const { positionals, values } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: { batch: { type: 'string', default: '8' }, backend: { type: 'string' } },
});
const batch = Number(values.batch);
const networks = positionals.length > 0 ? positionals : ['resnet18-cifar', 'vit-ti4-cifar'];

/** Steps of a kind, the least that a round may have; the first compile and fill the pools, the mean is of the last. */
const STEPS = 10;
const COUNTED = 5;
/** Kinds of steps, by the round of `maNetInTurn`; its first round is like its second. */
const KINDS = ['plain', 'plain', 'astrocytes', 'neurons'] as const;

useSwiftShader();
const { adapter: stock, device } = await stockWebgpu();
const theirs = countGpuWork(device, { dry: true });
const running = await startBackend(webgpu);
const ours = countGpuWork((tf.backend() as WebGPUBackend).device, { dry: true });

/** The work of the last step of each kind. */
async function measure(backend: BackendAdapter, name: string): Promise<Record<string, GpuWork>> {
  await startBackend(backend);
  const work = backend === stock ? theirs : ours;
  const network = await createTNet(name, { numClasses: 10 });
  const image = network.inputs[0]!.shape as [number, number, number];
  const rng = Rng.fromSeed(0);
  const images = rng.normals(batch * image.reduce((a, b) => a * b), 1);
  const labels = Int32Array.from({ length: batch }, () => rng.integer(10));
  const seen: GpuWork[] = [];
  await timeSteps({
    task: classification(network),
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    // A step begins with its mini-batch.
    batch: (): ImageBatch => {
      seen.push(work());
      return toTensors({
        images: images.slice(),
        labels: labels.slice(),
        shape: [batch, ...image],
        count: batch,
      });
    },
    steps: STEPS,
    warmUp: 0,
  });
  seen.push(work());
  // What a step is prepared with is done before its mini-batch is drawn: every fifth step of the neurons asks the astrocytes.
  const counted = KINDS.map((kind, round): [string, GpuWork] => {
    const last = (round + 1) * STEPS - 1;
    return [kind, meanOf(workBetween(seen[last - COUNTED]!, seen[last]!))];
  });
  return Object.fromEntries(counted);
}

function meanOf(sums: GpuWork): GpuWork {
  return Object.fromEntries(
    Object.entries(sums).map(([name, sum]: [string, number]) => [name, sum / COUNTED]),
  ) as unknown as GpuWork;
}

const MB = 1e6;
const COLUMNS: readonly (readonly [string, (work: GpuWork) => string])[] = [
  ['dispatches', (w) => w.dispatches.toFixed(0)],
  ['MB read', (w) => (w.bytesRead / MB).toFixed(1)],
  ['MB written', (w) => (w.bytesWritten / MB).toFixed(1)],
  ['buffers made', (w) => w.buffers.toFixed(0)],
  ['MB of them', (w) => (w.bufferBytes / MB).toFixed(1)],
  ['submits', (w) => w.submits.toFixed(1)],
  ['uploads', (w) => w.uploads.toFixed(0)],
  ['kB uploaded', (w) => (w.bytesUploaded / 1e3).toFixed(1)],
  ['read-backs', (w) => w.readBacks.toFixed(1)],
  ['kB read back', (w) => (w.bytesReadBack / 1e3).toFixed(1)],
];
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
console.log(`${running.device}, mini-batches of ${batch}, means of ${COUNTED} steps\n`);
console.log(row(['network', 'step', 'backend', ...COLUMNS.map(([title]) => title)]));
console.log(row(['---', '---', '---', ...COLUMNS.map(() => '--:')]));
for (const name of networks) {
  const found: [string, Record<string, GpuWork>][] = [];
  for (const backend of [stock, webgpu]) {
    if (values.backend !== undefined && values.backend !== backend.name) continue;
    found.push([backend === stock ? "tfjs's" : 'ours', await measure(backend, name)]);
  }
  for (const kind of new Set(KINDS))
    for (const [backend, work] of found)
      console.log(row([name, kind, backend, ...COLUMNS.map(([, cell]) => cell(work[kind]!))]));
}
process.exit(0);
