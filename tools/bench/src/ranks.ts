// What is left of the speed of two processes: ranks of one thread each, that share every mini-batch, against one process of
// one thread; and as many processes that train on mini-batches of that size apart, which is the most that ranks can reach.
// Trains the recipe for a few mini-batches, in turn, as `manet train` does.
//
//   node tools/bench/run.mjs ranks <folder of CIFAR-10> [ranks] [rounds] [mini-batches]

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const [folder, ranks = '2', rounds = '3', steps = '8'] = process.argv.slice(3);
if (folder === undefined) {
  console.error(
    'Give the folder of CIFAR-10: node tools/bench/run.mjs ranks <folder> [ranks] [rounds] [steps]',
  );
  process.exit(2);
}
// The bundle of this file lies in node_modules/.cache/ma-net.
const main = fileURLToPath(new URL('../../../apps/cli/bin/manet.js', import.meta.url));
const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)]!;
const env = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
};

/** Seconds of the later mini-batches of a run: the first ones compile. */
async function seconds(launcher: readonly string[], batch: number): Promise<readonly number[]> {
  const out = join(mkdtempSync(join(tmpdir(), 'ranks-')), 'run');
  const command = [
    ...launcher,
    process.execPath,
    main,
    ...['train', '--recipe', 'cifar10-resnet18', '--method', 'plain', '--data', folder!],
    ...[
      '--set',
      `batchSize=${batch}`,
      '--set',
      'epochs=1',
      '--set',
      `data.trainLimit=${batch * Number(steps)}`,
    ],
    ...['--set', 'data.testLimit=64', '--threads', '1', '--out', out],
  ];
  await promisify(execFile)(command[0]!, command.slice(1), { env });
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  rmSync(join(out, '..'), { recursive: true });
  const found = lines.map((line) => JSON.parse(line) as { type: string; step: number; seconds: number });
  return found.filter(({ type, step }) => type === 'step' && step > 2).map((line) => line.seconds);
}

const BATCH = 64;
const size = Number(ranks);
const times: Record<'alone' | 'apart' | 'shared', number[]> = { alone: [], apart: [], shared: [] };
for (let round = 0; round < Number(rounds); round++) {
  times.alone.push(...(await seconds([], BATCH)));
  const apart = await Promise.all(Array.from({ length: size }, () => seconds([], BATCH / size)));
  times.apart.push(...apart.flat());
  times.shared.push(...(await seconds(['mpirun', '-n', ranks], BATCH)));
}
const alone = median(times.alone);
const said = (title: string, time: number): void => {
  const efficiency = (alone / time / size).toFixed(3);
  console.log(`${title.padEnd(40)} ${(1000 * time).toFixed(0).padStart(6)} ms, efficiency ${efficiency}`);
};
console.log(`ResNet-18, ${BATCH} images a mini-batch, ${times.alone.length} mini-batches each`);
console.log(`${'one process of one thread'.padEnd(40)} ${(1000 * alone).toFixed(0).padStart(6)} ms`);
said(`${ranks} processes apart, ${BATCH / size} images each`, median(times.apart));
said(`${ranks} ranks of one thread`, median(times.shared));
