// What a step of each kind of round costs on each backend, what share of the training is the MNet's, and how
// much memory it takes: node tools/bench/run.mjs phases [network] [batch] [steps] [backend]

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { defaultAstrocyteIterations, maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { createMNet, select } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { timeSteps } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const [name = 'resnet10-cifar', batchText = '64', stepsText = '20', wanted] = process.argv.slice(3);
const [batch, steps] = [Number(batchText), Number(stepsText)];
/** As in the test bed of the measured defaults (docs/algorithm.md, section 15). */
const BATCHES_PER_EPOCH = 78;

const network = await createTNet(name, { numClasses: 10 });
console.log(
  `${name}, mini-batches of ${batch}, medians of ${steps} steps; epochs of ${BATCHES_PER_EPOCH} mini-batches`,
);
console.log(
  '  backend   TNet, plain   TNet, modulated   MNet   MNet / TNet   share of MNet   tensors    process',
);

for (const adapter of [onnx, cpu]) {
  if (wanted !== undefined && wanted !== adapter.name) continue;
  const probe = await adapter.probe();
  if (!probe.ok) {
    console.log(`  ${adapter.name.padEnd(8)}  not here: ${probe.reason}`);
    continue;
  }
  await startBackend(adapter);
  const mnet = createMNet(select(network));
  const rng = Rng.fromSeed(0);
  const image = network.inputs[0]!.shape as [number, number, number];
  const images = rng.normals(batch * image.reduce((a, b) => a * b), 1);
  const labels = Int32Array.from({ length: batch }, () => rng.integer(10));
  let [peak, resident] = [0, 0];
  const next = (): ImageBatch => {
    peak = Math.max(peak, tf.memory().numBytes);
    resident = Math.max(resident, process.memoryUsage.rss());
    const shape: [number, number, number, number] = [batch, ...image];
    return toTensors({ images: images.slice(), labels: labels.slice(), shape, count: batch });
  };
  const times = await timeSteps({
    task: classification(network),
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    batch: next,
    steps,
    warmUp: 5,
  });

  const [plain, astrocytes] = [median(times['plain']!), median(times['astrocytes']!)];
  // Every fifth step of a neuron round is dearer, so these are averaged.
  const neurons = times['neurons']!.reduce((sum, s) => sum + s, 0) / times['neurons']!.length;
  const rounds = defaultAstrocyteIterations(BATCHES_PER_EPOCH, mnet.options.astrocytes) * astrocytes;
  const epoch = BATCHES_PER_EPOCH * neurons;
  const share = (rounds + Math.max(0, epoch - BATCHES_PER_EPOCH * plain)) / (rounds + epoch);
  const cells = [
    `${(1000 * plain).toFixed(1)} ms`.padStart(12),
    `${(1000 * neurons).toFixed(1)} ms`.padStart(18),
    `${(1000 * astrocytes).toFixed(1)} ms`.padStart(11),
    `${(astrocytes / plain).toFixed(2)} x`.padStart(8),
    `${(100 * share).toFixed(1)} %`.padStart(16),
    `${(peak / 2 ** 20).toFixed(0)} MiB`.padStart(10),
    `${(resident / 2 ** 20).toFixed(0)} MiB`.padStart(11),
  ];
  console.log(`  ${adapter.name.padEnd(8)}${cells.join('')}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
