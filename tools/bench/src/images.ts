// Images a second for training at 224 x 224: node tools/bench/run.mjs images <folder> [--workers 2] [--batch 32]
// [--rounds 3] [--python <interpreter with torchvision>]. Random resized crop, flip, normalise, batch. With Python, its
// DataLoader runs over the same files with as many workers, in turns with us. Other programs change images a second more than
// the milliseconds that processors spend on one.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Rng } from '@ma-net/core';

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
    batches: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
  },
});
const folder = positionals[0];
if (folder === undefined) throw new Error('Give a folder of images, one folder a class, or train/ of such.');
const [workers, batch, batches, rounds] = [values.workers, values.batch, values.batches, values.rounds].map(
  Number,
) as [number, number, number, number];

/** What was built, found from where this runs: a worker thread loads nothing else. */
const built = (name: string): Promise<unknown> => import(name);
const { createSource } = (await built('@ma-net/data')) as typeof import('@ma-net/data');
const { photoCollate, readPhotos, workerCrew } = (await built(
  '@ma-net/data/node',
)) as typeof import('@ma-net/data/node');

const { train, classNames } = await readPhotos(folder);
/** As many images as the run needs: the folder again and again. */
const repeated = {
  ...train,
  size: train.size * Math.ceil((batch * (batches + 2)) / train.size),
  read: (i: number) => train.read(i % train.size),
};
const collate = photoCollate({
  buckets: [{ height: 224, width: 224, batch }],
  channels: 3,
  white: 255,
  normalisation: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  classes: classNames.length,
  augment: { resizedCrop: {}, flip: true },
});

/** Images a second, and milliseconds of processors an image. */
type Speed = readonly [rate: number, spent: number];

async function ours(): Promise<Speed> {
  const crew = workers === 0 ? {} : { crew: workerCrew(collate, workers) };
  const source = createSource(repeated, collate, { rng: Rng.fromSeed(0), ...crew });
  for (let i = 0; i < 2; i++) await source.next();
  const [start, used] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < batches; i++) await source.next();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(used);
  await source.close();
  const images = batch * batches;
  return [images / seconds, (user + system) / 1000 / images];
}

function theirs(python: string): Speed {
  const script = fileURLToPath(new URL('../../../tools/bench/torch_images.py', import.meta.url));
  const args = [script, folder!, String(workers), String(batch), String(batches)];
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`torchvision failed:\n${stderr}`);
  return stdout.trim().split(' ').map(Number) as [number, number];
}

const measured: { ours: Speed; theirs?: Speed }[] = [];
const told = ([rate, spent]: Speed): string =>
  `${rate.toFixed(1)} images/s, ${spent.toFixed(2)} ms of processors an image`;
for (let round = 0; round < rounds; round++) {
  const own = await ours();
  const other = values.python === undefined ? {} : { theirs: theirs(values.python) };
  measured.push({ ours: own, ...other });
  console.log(`round ${round + 1}: ${[own, ...Object.values(other)].map(told).join('; torchvision ')}`);
}
const middle = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]!;
const median = (of: readonly Speed[]): Speed => [
  middle(of.map(([rate]) => rate)),
  middle(of.map(([, spent]) => spent)),
];
const own = median(measured.map((round) => round.ours));
console.log(`${workers} workers, batches of ${batch}, medians of ${rounds}: ${told(own)}`);
const others = measured.flatMap((round) => (round.theirs === undefined ? [] : [round.theirs]));
if (others.length > 0) {
  const other = median(others);
  const ratios = own.map((value, i) => (value / other[i]!).toFixed(2));
  console.log(`torchvision: ${told(other)}; ratios ${ratios.join(' and ')}`);
}
