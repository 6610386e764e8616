// How long `manet --help` takes, and Node alone: the difference is ours. Needs a build.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// The bundle of this file lies in node_modules/.cache/ma-net.
const manet = fileURLToPath(new URL('../../../apps/cli/bin/manet.js', import.meta.url));
if (!existsSync(manet.replace('bin/manet.js', 'dist/main.js'))) {
  console.error('Build first: npm run build');
  process.exit(1);
}

const TIMES = 15;
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['node alone', ['-e', '0']],
  ['manet --help', [manet, '--help']],
  ['manet train --help', [manet, 'train', '--help']],
];

/** Milliseconds of each run; the cases take turns, so that other load meets all of them. */
const times = cases.map((): number[] => []);
for (let run = 0; run <= TIMES; run++) {
  for (const [i, [, args]] of cases.entries()) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}`);
    if (run > 0) times[i]!.push(performance.now() - started);
  }
}

console.log(`start-up, milliseconds, ${TIMES} runs                 fastest    median`);
for (const [i, [name]] of cases.entries()) {
  const sorted = times[i]!.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(TIMES / 2)]!;
  console.log(`  ${name.padEnd(40)} ${sorted[0]!.toFixed(0).padStart(9)} ${median.toFixed(0).padStart(9)}`);
}
