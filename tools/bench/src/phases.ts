// What a step of each kind of round costs on each backend, what MA-Net adds to a training, and how much memory it takes:
//
//   node tools/bench/run.mjs phases [network] [batch] [steps] [backend]
//
// What it adds is the time of a whole training over that of as many plain mini-batches, less one: its plain rounds cost
// what they do without it, rounds of the astrocytes and of the neurons what was measured, for trainings as long as here.
// Seconds are those of a processor, of one thread.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { LAST_NEURON_BATCHES, maNet, maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { timeSteps } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const [name = 'resnet10-cifar', batchText = '64', stepsText = '20', wanted] = process.argv.slice(3);
const [batch, steps] = [Number(batchText), Number(stepsText)];
/** Images of the trainings that are told: CIFAR-10's, and those of the test bed of the measured defaults. */
const TRAININGS = [50_000, 5_000];
const EPOCHS = 60;
/** The first steps of a round compile, two iterations of A included; a round of fewer mini-batches is none. */
const WARM_UP = Math.max(10, LAST_NEURON_BATCHES - steps);

const network = await createTNet(name, { numClasses: 10 });
console.log(`${name}, mini-batches of ${batch}, medians of ${steps} steps; one thread, processor time`);
console.log(
  `  backend   TNet, plain   TNet, modulated   MNet   MNet / TNet   MA-Net adds, ${TRAININGS.map((images) => `${images} images`).join(', ')}   tensors    process`,
);

for (const adapter of [onnx, cpu]) {
  if (wanted !== undefined && wanted !== adapter.name) continue;
  const probe = await adapter.probe();
  if (!probe.ok) {
    console.log(`  ${adapter.name.padEnd(8)}  not here: ${probe.reason}`);
    continue;
  }
  await startBackend(adapter, adapter === onnx ? { threads: 1 } : {});
  const task = classification(network);
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
    task,
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    batch: next,
    steps,
    warmUp: WARM_UP,
    clock: seconds,
  });

  const [plain, astrocytes] = [median(times['plain']!), median(times['astrocytes']!)];
  // Every fifth step of a neuron round is dearer, so these are averaged.
  const neurons = times['neurons']!.reduce((sum, s) => sum + s, 0) / times['neurons']!.length;
  const cost: Readonly<Record<string, number>> = { plain, astrocytes, neurons };
  const added = TRAININGS.map((images) => {
    const length = {
      batchesPerEpoch: Math.floor(images / batch),
      budget: EPOCHS * Math.floor(images / batch),
    };
    const { rounds } = maNet().open(task, length);
    const whole = rounds.reduce((sum, round) => sum + round.length * cost[round.kind]!, 0);
    return whole / (length.budget * plain) - 1;
  });
  const cells = [
    `${(1000 * plain).toFixed(1)} ms`.padStart(12),
    `${(1000 * neurons).toFixed(1)} ms`.padStart(18),
    `${(1000 * astrocytes).toFixed(1)} ms`.padStart(11),
    `${(astrocytes / plain).toFixed(2)} x`.padStart(8),
    ...added.map((part) => `${(100 * part).toFixed(1)} %`.padStart(16)),
    `${(peak / 2 ** 20).toFixed(0)} MiB`.padStart(10),
    `${(resident / 2 ** 20).toFixed(0)} MiB`.padStart(11),
  ];
  console.log(`  ${adapter.name.padEnd(8)}${cells.join('')}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function seconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
