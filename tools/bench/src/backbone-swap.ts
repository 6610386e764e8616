// Table 3 and Table 4 of the paper at a small scale: a backbone is trained to classify, with and without MA-Net, and
// then becomes the body of a detector. What the pruned one lost it never gets back.
//
//   node tools/bench/run.mjs backbone-swap <folder of CIFAR-10> <folder for the runs> [scenes] [seeds] [threads] [task ...]
//
// Called again, it goes on with the same folder.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NEURON_LEVEL } from '@ma-net/mnet';

const [cifar, out, scenes = '6000', seeds = '3', threads = '1', ...asked] = process.argv.slice(3);
if (cifar === undefined || out === undefined)
  throw new Error('name the folder of CIFAR-10, and one for the runs');
const tasks = asked.length > 0 ? asked : ['rcnn', 'condinst', 'boxinst', 'detr'];
const EPOCHS = 12;

interface Printed {
  readonly network: Readonly<Record<string, unknown>> & { readonly body: Readonly<Record<string, unknown>> };
  readonly [field: string]: unknown;
}

const run = promisify(execFile);
const cli = new URL('../../../apps/cli/bin/manet.js', import.meta.url).pathname;
async function manet(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [cli, ...args], { maxBuffer: 2 ** 26 });
  return stdout;
}
const engine = ['--backend', 'onnx', '--threads', threads];
mkdirSync(out, { recursive: true });

/** Trains what `recipe` says where it is not trained yet, and returns the folder of the run. */
async function trained(name: string, recipe: unknown, more: readonly string[]): Promise<string> {
  const folder = join(out!, name);
  if (existsSync(join(folder, 'result'))) return folder;
  if (existsSync(join(folder, 'run.json'))) await manet('train', '--resume', folder, ...engine);
  else {
    const file = join(out!, `${name}.json`);
    writeFileSync(file, JSON.stringify(recipe));
    await manet('train', '--recipe', file, '--out', folder, ...more, ...engine);
  }
  writeFileSync(join(folder, 'result'), '');
  return folder;
}

const printed = async (...args: readonly string[]): Promise<Printed> =>
  JSON.parse(await manet('train', ...args, '--print')) as Printed;

/** What the last line of a kind says. */
function measured(folder: string): Readonly<Record<string, number>> {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const last = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .findLast((line) => line['measures']);
  return last!['measures'] as Record<string, number>;
}

/** A classifier of the body of a detector, as a run. */
async function backbone(
  body: Readonly<Record<string, unknown>>,
  way: 'plain' | 'ma-net',
  seed: string,
): Promise<string> {
  const { norm: _, ...shape } = body;
  const recipe = await printed('--recipe', 'cifar10-resnet10', '--method', way);
  const named = Object.values(shape).flat().join('-');
  const folder = await trained(
    `cifar-${named}-${way}-s${seed}`,
    {
      ...recipe,
      name: `cifar-${named}`,
      network: { use: '@ma-net/tnet#resnet', ...shape },
      epochs: EPOCHS,
      evaluateEvery: EPOCHS,
      ...(way === 'ma-net'
        ? {
            method: {
              use: '@ma-net/method-ma-net#ma-net',
              prune: NEURON_LEVEL,
            },
          }
        : {}),
    },
    ['--data', cifar!, '--seed', seed],
  );
  console.log(`${named}, ${way}, seed ${seed}: top 1 ${(100 * measured(folder)['top1']!).toFixed(1)} %`);
  return folder;
}

for (const task of tasks) {
  const { network, ...recipe } = await printed('--recipe', `scenes-${task}`, '--method', 'plain');
  for (const seed of Array.from({ length: Number(seeds) }, (_, s) => String(s))) {
    for (const way of ['plain', 'ma-net'] as const) {
      const weights = await backbone(network.body, way, seed);
      const folder = await trained(
        `${task}-${way}-s${seed}`,
        { ...recipe, network: { ...network, weights } },
        ['--seed', seed, '--set', `data.train=${scenes}`, '--set', 'epochs=1', '--set', 'evaluateEvery=1'],
      );
      const said = measured(folder);
      const numbers = ['AP', 'AP50', 'maskAP', 'maskAP50'].flatMap((name) =>
        said[name] === undefined ? [] : [`${name} ${(100 * said[name]).toFixed(1)}`],
      );
      const { network: made } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as {
        readonly network: { readonly parameters: number };
      };
      console.log(`${task}, ${way}, seed ${seed}: ${numbers.join(', ')}; ${made.parameters} parameters`);
    }
  }
}
