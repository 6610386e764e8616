// Whether a detector learns a few real images by heart, as one that is wired right does, from fresh weights: FCOS on a
// ResNet-18 of half the width, some ten minutes of a core; or, with --detector rcnn, the whole Faster R-CNN R50-FPN of
// `coco-rcnn-r50-fpn`, whose norms learn, some seconds of a core for an image and mini-batch.
//
//   node tools/bench/run.mjs detector-overfit <folder in COCO's layout> [--images 8] [--steps 300] [--side 256]
//     [--detector fcos] [--width 32]
//
// Of the training images those are taken whose smallest object is largest: at this size others are a few pixels. Ends with
// 1 where AP50 stays below 0.9. Needs a build.

import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    images: { type: 'string', default: '8' },
    steps: { type: 'string', default: '300' },
    side: { type: 'string', default: '256' },
    width: { type: 'string', default: '32' },
    detector: { type: 'string', default: 'fcos' },
  },
});
const [source] = positionals;
if (source === undefined) throw new Error("Give a folder in COCO's layout.");
const [count, steps, side, width] = [values.images, values.steps, values.side, values.width].map(Number) as [
  number,
  number,
  number,
  number,
];

interface Annotations {
  readonly images: readonly { id: number; file_name: string }[];
  readonly annotations: readonly { image_id: number; area: number; iscrowd?: number }[];
  readonly categories: readonly unknown[];
}

/** A folder with the chosen images, to train on and to test on. */
function subset(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-overfit-'));
  const listed = readdirSync(join(source!, 'annotations'));
  const name = listed.find((file) => /^instances_train.*\.json$/.test(file))!;
  const all = JSON.parse(readFileSync(join(source!, 'annotations', name), 'utf8')) as Annotations;
  const smallest = (id: number): number => {
    const own = all.annotations.filter(({ image_id }) => image_id === id);
    return own.length === 0 || own.some(({ iscrowd }) => iscrowd === 1)
      ? 0
      : Math.min(...own.map(({ area }) => area));
  };
  const images = all.images.toSorted((a, b) => smallest(b.id) - smallest(a.id)).slice(0, count);
  const ids = new Set(images.map(({ id }) => id));
  const annotations = all.annotations.filter(({ image_id }) => ids.has(image_id));
  mkdirSync(join(folder, 'annotations'));
  for (const split of ['train', 'val']) {
    symlinkSync(resolve(source!, name.slice('instances_'.length, -'.json'.length)), join(folder, split));
    const text = JSON.stringify({ ...all, images, annotations });
    writeFileSync(join(folder, 'annotations', `instances_${split}.json`), text);
  }
  console.log(`${images.length} images with ${annotations.length} objects`);
  return folder;
}

const fcos = {
  network: {
    use: '@ma-net/task-fcos#fcosNetwork',
    body: { block: 'basic', depths: [2, 2, 2, 2], width, norm: 'batch' },
    width: 64,
    convolutions: 2,
  },
  task: { use: '@ma-net/task-fcos#fcos', ranges: [32, 64, 128, 256] },
};
/** As the recipe for COCO has them. */
const rcnn = {
  network: { use: '@ma-net/task-rcnn#network', body: { norm: 'batch' } },
  task: { use: '@ma-net/task-rcnn#rcnn' },
};
const detectors: Readonly<Record<string, typeof fcos | typeof rcnn>> = { fcos, rcnn };
const detector = detectors[values.detector];
if (detector === undefined) throw new Error(`--detector is one of ${Object.keys(detectors).join(', ')}.`);

const recipe = {
  format: 2,
  name: 'overfit',
  about: 'a detector learns a few images by heart',
  seed: 0,
  ...detector,
  data: {
    use: '@ma-net/data-coco#coco',
    buckets: [{ height: side, width: side }],
    shorter: [side],
    longest: side,
    flip: 0,
  },
  method: { use: '@ma-net/baselines#plain' },
  batchSize: count,
  epochs: steps,
  optimizer: {
    name: 'adamw',
    learningRate: detector === fcos ? 1e-3 : 2e-4,
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    weightDecay: 0,
    clip: 10,
  },
  schedule: { name: 'cosine', warmup: 20 },
  evaluateEvery: 50,
};

const folder = subset();
const main = fileURLToPath(new URL('../../../apps/cli/bin/manet.js', import.meta.url));
const manet = (args: readonly string[], stdio: 'inherit' | 'pipe'): string => {
  const { status, stdout } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', stdio, 'inherit'],
  });
  if (status !== 0) throw new Error(`manet ${args[0]!} ended with ${status}.`);
  return stdout;
};
try {
  const [file, run] = [join(folder, 'recipe.json'), join(folder, 'run')];
  writeFileSync(file, JSON.stringify(recipe));
  manet(['train', '--recipe', file, '--data', folder, '--threads', '1', '--out', run], 'inherit');
  const said = manet(['eval', run, '--threads', '1'], 'pipe');
  console.log(said);
  const found = Number(/AP50 +([\d.]+) %/.exec(said)?.[1] ?? 0) / 100;
  console.log(
    `AP50 ${found.toFixed(3)} of ${count} images after ${steps} steps: ${found > 0.9 ? 'learned' : 'not learned'}`,
  );
  process.exitCode = found > 0.9 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
