import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import { fuzz } from './fuzz.ts';

const [inputs = '100000', seed = '0', only] = process.argv.slice(2);
await startBackend(cpu);
const start = performance.now();
const { refused, accepted, findings } = await fuzz(Number(inputs), Number(seed), only);
for (const { reader, seed: at, problem } of findings.slice(0, 50))
  console.error(`${reader}, seed ${at}: ${problem}`);
console.log(
  `${refused} refused, ${accepted} read, ${findings.length} wrong; ${Math.round((performance.now() - start) / 1000)} s`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
