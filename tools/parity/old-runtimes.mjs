// Exported ONNX files in an old ONNX Runtime: node tools/parity/old-runtimes.mjs [version], after `npm run build`.
// npm brings the runtime into a folder of its own: 1.14.0, of early 2023, knows format version 8 and operator set 18.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@ma-net/backend-cpu';
import { exportOnnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { tensor4d } from '@tensorflow/tfjs-core';

/** Single precision, summed in another order. */
const TOLERANCE = 1e-5;
const BATCH = 2;

const version = process.argv[2] ?? '1.14.0';
const folder = fileURLToPath(
  new URL(`../../node_modules/.cache/ma-net-onnxruntime-web-${version}`, import.meta.url),
);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{ "private": true }');
execFileSync(
  'npm',
  ['install', '--no-audit', '--no-fund', '--ignore-scripts', `onnxruntime-web@${version}`],
  {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  },
);
const ort = createRequire(join(folder, 'package.json'))('onnxruntime-web');
ort.env.wasm.numThreads = 1;

await startBackend(cpu);
for (const name of tnetNames.filter((known) => known.endsWith('-test'))) {
  const network = await createTNet(name, { numClasses: 3 });
  const { params, stats } = network.init(Rng.fromSeed(1));
  const forward = ({ images }) => {
    const { outputs } = network.forward(params, stats, { images }, { training: false });
    return { logits: outputs.logits };
  };
  const [{ shape }] = network.inputs;
  const file = await exportOnnx(forward, {
    inputs: { images: { shape: ['batch', ...shape] } },
    parameters: { ...params, ...stats },
  });
  const session = await ort.InferenceSession.create(file, { executionProviders: ['wasm'] });
  const given = Rng.fromSeed(2).normals(
    shape.reduce((a, b) => a * b, BATCH),
    1,
  );
  const images = new ort.Tensor('float32', given, [BATCH, ...shape]);
  const found = (await session.run({ images })).logits.data;
  const expected = await forward({ images: tensor4d(given, [BATCH, ...shape]) }).logits.data();
  const largest = Math.max(...expected.map((value, k) => Math.abs(value - found[k])));
  console.log(`${name}: ONNX Runtime Web ${version} differs by ${largest.toExponential(1)}`);
  if (!(largest < TOLERANCE)) process.exitCode = 1;
}
