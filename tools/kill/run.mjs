// Kills trainings, and a quarter as often searches: node tools/kill/run.mjs [--kills n] [--seed n]. Needs a build.

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
const { killRuns } = await import(pathToFileURL(outfile).href);
for (const [command, part] of [
  ['train', 1],
  ['search', 1 / 4],
]) {
  const started = performance.now();
  const { kills, inside, runs, readers } = await killRuns({
    command,
    kills: Math.ceil(Number(values.kills) * part),
    seed: Number(values.seed),
    root: fileURLToPath(new URL('../../', import.meta.url)),
    tell: (words) => console.log(`${command}: ${words}`),
  });
  console.log(
    `${command}: ${kills} kills, ${inside} of them inside a write, over ${runs} runs, with ${readers} readers meanwhile: ` +
      `nothing was lost, and every result is that of an undisturbed run (${Math.round((performance.now() - started) / 1000)} s).`,
  );
}
