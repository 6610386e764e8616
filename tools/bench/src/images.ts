// Images a second for training at 224 x 224: node tools/bench/run.mjs images <folder> [--workers 2] [--batch 32]
// [--rounds 3] [--python <interpreter with torchvision>]. Random resized crop, flip, normalise, batch. With Python, its
// DataLoader runs over the same files with as many workers, in turns with us.

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

async function ours(): Promise<number> {
  const crew = workers === 0 ? {} : { crew: workerCrew(collate, workers) };
  const source = createSource(repeated, collate, { rng: Rng.fromSeed(0), ...crew });
  for (let i = 0; i < 2; i++) await source.next();
  const start = performance.now();
  for (let i = 0; i < batches; i++) await source.next();
  const rate = (batch * batches * 1000) / (performance.now() - start);
  await source.close();
  return rate;
}

function theirs(python: string): number {
  const script = fileURLToPath(new URL('../../../tools/bench/torch_images.py', import.meta.url));
  const args = [script, folder!, String(workers), String(batch), String(batches)];
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`torchvision failed:\n${stderr}`);
  return Number(stdout.trim());
}

const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
for (let round = 0; round < rounds; round++) {
  rates.ours.push(await ours());
  if (values.python !== undefined) rates.theirs.push(theirs(values.python));
  console.log(
    `round ${round + 1}: ${[rates.ours, rates.theirs].map((r) => r.at(-1)?.toFixed(1)).join(' and ')} images/s`,
  );
}
const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]!;
console.log(
  `${workers} workers, batches of ${batch}: ${median(rates.ours).toFixed(1)} images/s (median of ${rounds})`,
);
if (rates.theirs.length > 0) {
  console.log(
    `torchvision: ${median(rates.theirs).toFixed(1)}; ratio ${(median(rates.ours) / median(rates.theirs)).toFixed(2)}`,
  );
}
