// Ten thousand training steps of a small convolutional network: the number of tensors must stay the same, and
// resident memory flat after warm-up. node --expose-gc specs/soak.mjs [steps]

import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, '../../../node_modules/.cache/ma-net-specs/soak.mjs');
await build({
  entryPoints: [join(here, 'soak-steps.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  conditions: ['@ma-net/source'],
  external: ['@tensorflow/*', 'onnxruntime-node'],
  logLevel: 'error',
});
await import(pathToFileURL(outfile).href);
