// One training step of the recipe coco-rcnn-r50-fpn (Faster R-CNN, ResNet-50 and a pyramid at full width, from random
// weights) on the ONNX engine, and torchvision's fasterrcnn_resnet50_fpn by the same constants where Python has it, in turn
// on one thread: node tools/bench/run.mjs detector --python <interpreter with torchvision> [--side 640] [--batch 2]
// [--rounds 3] [--rules detectron2]. Stem and first stage are frozen, as is all normalisation, in both. By the rules of
// torchvision both sample two points along a side of a cell; detectron2 takes as many as a cell has pixels, up to four.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onnx } from '@ma-net/backend-onnx';
import { backpropagate, type Network, type Params, Rng, startBackend } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { RESNET_50 } from '@ma-net/detection';
import { RCNN_RULES, rcnn, rcnnNetwork, rcnnRules, type RuleSet } from '@ma-net/task-rcnn';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    side: { type: 'string', default: '640' },
    batch: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    rules: { type: 'string', default: 'detectron2' },
    python: { type: 'string' },
  },
});
const [side, images, rounds] = [values.side, values.batch, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const rules = RCNN_RULES.find((set): set is RuleSet => set === values.rules);
if (rules === undefined) throw new Error(`Choose one of ${RCNN_RULES.join(', ')}.`);

/** Objects of an image. */
const OBJECTS = 8;
const CLASSES = 80;

const backend = await startBackend(onnx, { threads: 1 });
const constants = rcnnRules(rules);
const network = rcnnNetwork(
  'rcnn',
  { body: { ...RESNET_50, norm: 'frozen' }, classes: CLASSES, images: [side, side, 3] },
  constants,
) as unknown as Network;
const task = rcnn(network, constants);
const rng = Rng.fromSeed(1);
const { params: initial, stats } = network.init(rng);
let params: Params = initial;
let momentum: Params = {};
const names = Object.keys(params).filter((name) => !/^backbone\.body\.(conv1|layer1)\./.test(name));

/** Boxes of a tenth to a half of the side. */
const boxes = Array.from({ length: images * OBJECTS }, () => {
  const [width, height] = [0.1 + 0.4 * rng.uniform(), 0.1 + 0.4 * rng.uniform()];
  const [x, y] = [(1 - width) * rng.uniform(), (1 - height) * rng.uniform()];
  return [x, y, x + width, y + height].map((value) => side * value);
}).flat();
const whole = Array.from({ length: 2 * images }, () => side);
const batch = {
  images_BHWC: tf.tensor4d(rng.normals(images * side * side * 3, 1), [images, side, side, 3]),
  boxes_BN4: tf.tensor3d(boxes, [images, OBJECTS, 4]),
  labels_BN: tf.tensor2d(
    Array.from({ length: images * OBJECTS }, (_, k) => k % CLASSES),
    [images, OBJECTS],
    'int32',
  ),
  sizes_B2: tf.tensor2d(whole, [images, 2], 'int32'),
  originals_B2: tf.tensor2d(whole, [images, 2], 'int32'),
  indices_B: tf.tensor1d(
    Array.from({ length: images }, (_, b) => b),
    'int32',
  ),
} satisfies CocoBatch;

/** Seconds of a processor: other programs change those of a clock more. */
interface Measured {
  readonly seconds: number;
  readonly loss: number;
}

async function step(k: number): Promise<Measured> {
  const started = process.cpuUsage();
  const made = await backpropagate({
    task,
    batch,
    stats,
    ctx: { training: true, rng: Rng.fromSeed(k) },
    values: params,
    names,
    forward: (given) => ({ params: given, aux: {} }),
  });
  const moving = Object.fromEntries(names.map((name) => [name, params[name]!]));
  const sgd = { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-4 } as const;
  const update = optimizerStep(sgd, moving, made.grads, momentum, 1e-3);
  tf.dispose([moving, momentum, made.grads, made.stats] as unknown as tf.TensorContainer);
  params = { ...params, ...update.params };
  momentum = update.state;
  await backend.sync();
  const [loss] = await made.terms['loss']!.data();
  tf.dispose(made.terms as unknown as tf.TensorContainer);
  const { user, system } = process.cpuUsage(started);
  return { seconds: (user + system) / 1e6, loss: loss! };
}

/** A process with torchvision that makes one step for every line it is sent. */
function torchvision(python: string): {
  readonly step: () => Promise<Measured & { readonly peak: number }>;
  readonly stop: () => void;
} {
  const script = fileURLToPath(new URL('../../../tools/bench/torch_detector.py', import.meta.url));
  const args = [script, side, images, OBJECTS].map(String);
  const child: ChildProcessWithoutNullStreams = spawn(python, args);
  child.stderr.pipe(process.stderr);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write('\n');
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`${python} has no torchvision, or it failed.`);
      return JSON.parse(value as string) as Measured & { peak: number };
    },
    stop: () => child.kill(),
  };
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!;
/** Most memory that this process ever held, in GB. */
const peak = (): number => process.resourceUsage().maxRSS / 1e6;
const told = (name: string, { seconds, loss }: Measured, memory: number): void =>
  console.log(
    `${name.padEnd(12)} ${seconds.toFixed(2).padStart(7)} s, loss ${loss.toFixed(3)}, at most ${memory.toFixed(2)} GB`,
  );

console.log(`Faster R-CNN R50-FPN, ${images} x ${side} x ${side}, rules of ${rules}, one thread`);
const theirs = values.python === undefined ? undefined : torchvision(values.python);
const times: [ours: number[], theirs: number[]] = [[], []];
// One round more, and not counted: graphs are compiled, and memory is asked for.
for (let round = 0; round <= rounds; round++) {
  const own = await step(round);
  told(round === 0 ? 'first' : 'here', own, peak());
  const other = await theirs?.step();
  if (other !== undefined) told('torchvision', other, other.peak);
  if (round === 0) continue;
  times[0].push(own.seconds);
  if (other !== undefined) times[1].push(other.seconds);
}
theirs?.stop();
const own = median(times[0]);
const ratio =
  theirs === undefined
    ? ''
    : `; torchvision ${median(times[1]).toFixed(2)} s, ratio ${(median(times[1]) / own).toFixed(2)}`;
console.log(`medians of ${rounds}: ${own.toFixed(2)} s${ratio}`);
