// One training step of CIFAR ResNet-18 (11.17 M parameters, batch 64, SGD with momentum and weight decay, batch
// normalisation in training mode) on the ONNX engine, and the same step in PyTorch where Python has it.
//
//   node tools/bench/run.mjs step [rounds] [batch]

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onnx } from '@ma-net/backend-onnx';
import { crossEntropy, type Params, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const rounds = Number(process.argv[3] ?? 7);
const batch = Number(process.argv[4] ?? 64);
/** Steps in a row, so that a variant is measured warm. */
const STEPS = 3;

const backend = await startBackend(onnx);
const net = await createTNet('resnet18-cifar', { numClasses: 10 });
const rng = Rng.fromSeed(1);
let { params, stats } = net.init(rng);
let momentum: Params = {};
const images = tf.tensor4d(rng.normals(batch * 32 * 32 * 3, 1), [batch, 32, 32, 3]);
const labels = tf.tensor1d(
  Int32Array.from({ length: batch }, (_, k) => k % 10),
  'int32',
);
/** Multiply-adds are two operations; a step is a forward pass and twice as much backward. */
const macs = net.parameters.reduce((sum, p) => sum + p.positions * p.shape.reduce((a, b) => a * b, 1), 0);
const gflop = (2 * 3 * macs * batch) / 1e9;

interface Timing {
  readonly total: number;
  readonly record: number;
}

async function step(): Promise<Timing> {
  const started = performance.now();
  const made = tf.tidy(() => {
    const { value, grads, aux } = valueAndGrad(
      (p) => {
        const out = net.forward(p, stats, { images }, { training: true });
        return { value: crossEntropy(out.outputs.logits, labels), aux: out.stats };
      },
      params,
      Object.keys(params),
    );
    const sgd = { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
    const update = optimizerStep(sgd, params, grads, momentum, 0.1);
    return { value, stats: aux, params: update.params, momentum: update.state };
  });
  tf.dispose([params, stats, momentum] as tf.TensorContainer);
  ({ params, stats, momentum } = made);
  const recorded = performance.now();
  await backend.sync();
  made.value.dispose();
  return { total: performance.now() - started, record: recorded - started };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** A PyTorch process that makes one step for every line it is sent. */
function torch(python: string, variant: string): { step: () => Promise<number>; stop: () => void } {
  const script = new URL('../../../tools/bench/torch_step.py', import.meta.url).pathname;
  const child: ChildProcessWithoutNullStreams = spawn(python, [script, variant, String(batch)]);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write('\n');
      return Number((await lines.next()).value);
    },
    stop: () => child.kill(),
  };
}

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch']).status === 0,
);
const variants = python === undefined ? [] : (['stock', 'channels_last'] as const);
const others = variants.map((name) => ({ name, process: torch(python!, name), times: [] as number[] }));

const first: number[] = [];
for (let k = 0; k < 3; k++) {
  const before = backend.counters();
  const { total } = await step();
  const after = backend.counters();
  first.push((after['compileMs'] ?? 0) - (before['compileMs'] ?? 0));
  console.log(`step ${k + 1}: ${total.toFixed(0)} ms, of which compiling ${first[k]!.toFixed(0)}`);
}
for (const { process: p } of others) await p.step();

const mine: Timing[] = [];
const before = backend.counters();
for (let round = 0; round < rounds; round++) {
  for (let k = 0; k < STEPS; k++) mine.push(await step());
  for (const other of others) for (let k = 0; k < STEPS; k++) other.times.push(await other.process.step());
}
const after = backend.counters();
for (const { process: p } of others) p.stop();

const steps = mine.length;
const each = (name: string): number => ((after[name] ?? 0) - (before[name] ?? 0)) / steps;
const time = median(mine.map((t) => t.total));
const row = (name: string, ms: number): string =>
  `${name.padEnd(28)} ${ms.toFixed(0).padStart(6)} ms ${((1000 * batch) / ms).toFixed(1).padStart(7)} images/s ${(gflop / (ms / 1000)).toFixed(0).padStart(5)} GFLOP/s`;
console.log(
  `\nResNet-18 for CIFAR, batch ${batch}, ${gflop.toFixed(0)} GFLOP a step, ${rounds} interleaved rounds, medians`,
);
console.log(row('onnx engine', time));
for (const { name, times } of others) console.log(row(`PyTorch, ${name}`, median(times)));
if (others.length > 0) {
  const best = Math.min(...others.map(({ times }) => median(times)));
  console.log(`ratio to the best PyTorch: ${(best / time).toFixed(2)}`);
} else {
  console.log('PyTorch is not installed (Debian: python3-torch); no ratio.');
}
const all = median(mine.map((t) => t.record));
const [record, hash] = [each('recordMs'), each('hashMs')];
console.log(
  `JavaScript of the engine ${(record + hash).toFixed(1)} ms a step (recording ${record.toFixed(1)}, hashing ${hash.toFixed(1)}); ` +
    `with tfjs's ops and tape ${(all + hash).toFixed(1)} ms; ` +
    `${each('nodes').toFixed(0)} kernels, compiles after the second step ${after['compiles']! - before['compiles']!}`,
);
