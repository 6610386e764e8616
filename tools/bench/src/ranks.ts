// What is left of the speed of two processes: ranks of one thread each, that share every mini-batch, against one process of
// one thread. Trains the recipe for a few mini-batches, in turn, as `manet train` does.
//
//   node tools/bench/run.mjs ranks <folder of CIFAR-10> [ranks] [rounds] [mini-batches]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
function seconds(launcher: readonly string[]): readonly number[] {
  const out = join(mkdtempSync(join(tmpdir(), 'ranks-')), 'run');
  const samples = 64 * Number(steps);
  const command = [
    ...launcher,
    process.execPath,
    main,
    ...['train', '--recipe', 'cifar10-resnet18', '--method', 'plain', '--data', folder!],
    ...['--set', 'batchSize=64', '--set', 'epochs=1', '--set', `data.trainLimit=${samples}`],
    ...['--set', 'data.testLimit=64', '--threads', '1', '--out', out],
  ];
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
  rmSync(join(out, '..'), { recursive: true });
  const found = lines.map((line) => JSON.parse(line) as { type: string; step: number; seconds: number });
  return found.filter(({ type, step }) => type === 'step' && step > 2).map((line) => line.seconds);
}

const times: { alone: number[]; shared: number[] } = { alone: [], shared: [] };
for (let round = 0; round < Number(rounds); round++) {
  times.alone.push(...seconds([]));
  times.shared.push(...seconds(['mpirun', '-n', ranks]));
}
const [alone, shared] = [median(times.alone), median(times.shared)];
console.log(`ResNet-18, 64 images a mini-batch, ${times.alone.length} mini-batches each`);
console.log(`one process of one thread   ${(1000 * alone).toFixed(0)} ms`);
console.log(`${ranks} ranks of one thread      ${(1000 * shared).toFixed(0)} ms`);
console.log(`efficiency                  ${(alone / shared / Number(ranks)).toFixed(3)}`);
