// Training steps of the digits' MA-Net in Chromium: the engine in WebAssembly, our `cpu`, and tfjs's own, a page each; and
// what a page downloads for the engine: node tools/bench/run.mjs in-browser [steps] [threads]

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium as executable } from '@ma-net/testing/node';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import type { StepsPage } from '../page/steps.ts';

const [stepsText = '10', threadsText = '1'] = process.argv.slice(3);
const [steps, threads] = [Number(stepsText), Number(threadsText)];

const BACKENDS = ['onnx', 'cpu', 'stock'] as const;
type Backend = (typeof BACKENDS)[number];
const TITLES: Readonly<Record<Backend, string>> = {
  onnx: 'onnx, WebAssembly',
  cpu: 'our kernels of `cpu`',
  stock: "tfjs's own `cpu`",
};

if (executable === undefined) throw new Error('Chromium is not here; set MA_NET_CHROMIUM');
// The bundle of this file lies in node_modules/.cache/ma-net.
const root = fileURLToPath(new URL('../../../', import.meta.url));
const runtime = dirname(
  createRequire(join(root, 'tools/bench/package.json')).resolve('onnxruntime-web/wasm'),
);

const { outputFiles } = await build({
  entryPoints: [join(root, 'tools/bench/page/steps.ts')],
  bundle: true,
  write: false,
  minify: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2023',
  conditions: ['@ma-net/source'],
  logLevel: 'error',
});
const script = outputFiles[0]!.text;

/** A page of its own for every measurement: what ran before is gone. */
async function measure(backend: Backend): Promise<Readonly<Record<string, readonly number[]>>> {
  const browser = await chromium.launch({
    executablePath: executable!,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const tab = await browser.newPage();
    const headers = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    };
    await tab.route('http://localhost/**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/')
        return route.fulfill({
          contentType: 'text/html',
          body: '<script type="module" src="steps.js"></script>',
          headers,
        });
      if (pathname === '/steps.js')
        return route.fulfill({ contentType: 'text/javascript', body: script, headers });
      const file = join(runtime, pathname);
      const contentType = pathname.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
      return route.fulfill({ body: readFileSync(file), contentType, headers });
    });
    await tab.goto('http://localhost/');
    await tab.waitForFunction('globalThis.page !== undefined');
    return await tab.evaluate(
      ([name, count, many]) => (globalThis as unknown as { page: StepsPage }).page.measure(name, count, many),
      [backend, steps, threads] as const,
    );
  } finally {
    await browser.close();
  }
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!;
const seconds = {} as Record<Backend, Readonly<Record<string, readonly number[]>>>;
for (const backend of BACKENDS) seconds[backend] = await measure(backend);

console.log(`resnet8-digits, mini-batches of 64, Chromium, ${threads} of WebAssembly's threads; a page each`);
for (const backend of BACKENDS) {
  const cells = Object.entries(seconds[backend]).map(([kind, times]) => {
    const ratio = median(seconds.stock[kind]!) / median(times);
    return `${kind} ${(1000 * median(times)).toFixed(1)} ms (${ratio.toFixed(1)} x)`;
  });
  console.log(`  ${TITLES[backend].padEnd(22)} ${cells.join('   ')}`);
}

const size = (bytes: Uint8Array | string): string =>
  `${(Buffer.byteLength(bytes) / 2 ** 20).toFixed(2)} MiB, ${(gzipSync(bytes).length / 2 ** 20).toFixed(2)} with gzip`;
console.log(`  the script, all three backends and MA-Net in it: ${size(script)}`);
console.log(
  `  the engine's WebAssembly: ${size(readFileSync(join(runtime, 'ort-wasm-simd-threaded.wasm')))}`,
);
