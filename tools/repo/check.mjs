// `npm test`: build, then the static checks two at a time, then vitest, which gets the arguments. What some
// tests need of the machine is installed meanwhile, where that can be done (equip.mjs). Everything runs even when an earlier step
// failed (except without a build). The end says what was skipped, and the last line names what failed.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const skipped = join(mkdtempSync(join(tmpdir(), 'ma-net-check-')), 'skipped.txt');
const env = {
  ...process.env,
  MA_NET_SKIPPED: skipped,
  PATH: [resolve(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
};

const checks = [
  ['lint', 'eslint .'],
  ['typecheck', 'tsc -p tsconfig.check.json'],
  ['format', 'biome format .'],
  ['dead code', 'knip'],
  ['packages', 'node tools/repo/publint.mjs'],
  ["tfjs's specs", 'node packages/backend-onnx/specs/run.mjs'],
];

const failed = [];

// Downloads, while the processor is busy with the rest.
const equipping = run('node', ['tools/repo/equip.mjs', '--install'], {
  stdio: ['ignore', 'pipe', 'pipe'],
});

if (await step('build', 'npm run --silent build')) {
  const waiting = [...checks];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await step(...next);
  };
  await Promise.all([lane(), lane()]);
  console.log(`\n${(await equipping).output.trim()}\n`);
  const args = process.argv.slice(2);
  const reporters = args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default'];
  reporters.push('--reporter=./tools/repo/skipped.mjs');
  const { code } = await run('vitest', ['run', ...reporters, ...args], { stdio: 'inherit' });
  if (code !== 0) failed.push('tests');
  const left = existsSync(skipped) ? readFileSync(skipped, 'utf8').trim() : '';
  if (left !== '') console.log(`Skipped:\n${left.replace(/^/gm, '  ')}\n`);
}

console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs a shell command quietly; shows what it said only when it fails. */
async function step(name, command) {
  const started = performance.now();
  const { code, output } = await run(command, [], { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const seconds = `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
  console.log(`  ${name.padEnd(12)} ${seconds}${code === 0 ? '' : '  FAILED'}`);
  if (code !== 0) {
    failed.push(name);
    console.log(`\n$ ${command}\n${output.trim()}\n`);
  }
  return code === 0;
}

function run(command, args, options) {
  return new Promise((done, refuse) => {
    const child = spawn(command, args, { cwd: root, env, ...options });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', refuse);
    child.on('close', (code) => done({ code, output }));
  });
}
