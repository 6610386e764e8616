// Kills trainings: node tools/kill/run.mjs [--kills n] [--seed n]. Needs a build.

import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '0' } },
});
const outfile = fileURLToPath(new URL('../../node_modules/.cache/ma-net-kill/kill.mjs', import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL('src/kill.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  conditions: ['@ma-net/source'],
  external: ['@tensorflow/*'],
  logLevel: 'error',
});
const { killTrainings } = await import(pathToFileURL(outfile).href);
const started = performance.now();
const done = await killTrainings({
  kills: Number(values.kills),
  seed: Number(values.seed),
  root: fileURLToPath(new URL('../../', import.meta.url)),
  tell: (words) => console.log(words),
});
const { kills, inside, runs, readers } = done;
console.log(
  `${kills} kills, ${inside} of them inside a write, over ${runs} runs, with ${readers} readers meanwhile: ` +
    `nothing was lost, and every result is that of an undisturbed run (${Math.round((performance.now() - started) / 1000)} s).`,
);
