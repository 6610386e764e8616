import { chromium as executable } from '@ma-net/testing/node';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Browser, chromium, type Page as Tab } from 'playwright-core';
import { bundle } from './bundle.ts';

const ADDRESS = 'http://localhost';
const { resolve } = createRequire(import.meta.url);

/** A browser without a window that offers WebGPU (on SwiftShader), or does not. The caller closes it. */
export function launch({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> {
  return chromium.launch({
    executablePath: executable!,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...(webgpu ? ['--enable-unsafe-webgpu'] : [])],
  });
}

/** A page that has loaded `suite`. An isolated one may have threads. */
export async function openPage(browser: Browser, suite: string, { isolated = false } = {}): Promise<Tab> {
  const script = await bundle(suite);
  const tab = await browser.newPage();
  // WebGPU wants a secure context, which an empty page is not.
  await tab.route(`${ADDRESS}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const headers = isolated
      ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
      : {};
    if (pathname === '/')
      return route.fulfill({
        contentType: 'text/html',
        body: '<script type="module" src="suite.js"></script>',
        headers,
      });
    if (pathname === '/suite.js')
      return route.fulfill({ contentType: 'text/javascript', body: script, headers });
    if (/^\/ort-wasm[\w.-]*\.(wasm|mjs)$/.test(pathname))
      return route.fulfill({
        path: join(dirname(resolve('onnxruntime-web/wasm')), pathname),
        contentType: pathname.endsWith('.wasm') ? 'application/wasm' : 'text/javascript',
        headers,
      });
    return route.fulfill({ status: 404 });
  });
  await tab.goto(`${ADDRESS}/`);
  await tab.waitForFunction('globalThis.page !== undefined');
  return tab;
}
