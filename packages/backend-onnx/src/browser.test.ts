// What a page loads asks for nothing of Node, and says so where it is asked for it.

import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import * as browser from './platform.browser.ts';

/** Everything that `entry` reaches in a browser, by its address. */
function reachable(url: URL, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(url.href)) return seen;
  const source = readFileSync(url, 'utf8');
  seen.set(url.href, source);
  const paths = [...source.matchAll(/(?:from|import\() ?'(\.\.?\/[^']+|#platform)'/g)].map(
    ([, path]) => path!,
  );
  for (const path of paths)
    reachable(
      path === '#platform' ? new URL('./platform.browser.ts', import.meta.url) : new URL(path, url),
      seen,
    );
  return seen;
}

test('the main entry imports nothing of Node', () => {
  const sources = reachable(new URL('./index.ts', import.meta.url));
  expect(sources.size).toBeGreaterThan(40);
  const asking = [...sources].filter(([, source]) =>
    /^(?!import type).*'(node:[^']+|onnxruntime-node|@ma-net\/core\/node)'|\b(Buffer|process)\./m.test(
      source.replace(/^\s*(\/\/|\/?\*).*$/gm, ''),
    ),
  );
  expect(asking.map(([href]) => href)).toEqual([]);
});

afterEach(() => vi.unstubAllGlobals());

test('threads are had by an isolated page alone', () => {
  expect(browser.threadsHere()).toBe(1);
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('navigator', { hardwareConcurrency: 6 });
  expect(browser.threadsHere()).toBe(6);
});

test('what needs files or the library is refused', async () => {
  await expect(browser.readModel('a.onnx')).rejects.toMatchObject({ code: 'bad-argument' });
  await expect(browser.dump('graphs')).rejects.toMatchObject({ code: 'bad-argument' });
  expect(await browser.findRuntime()).toMatchObject({ ok: false });
  expect(await browser.tryElsewhere()).toMatch(/browser/);
  expect(browser.whyNotHere()).toBeUndefined();
  expect([browser.instructionSet(), browser.memoryHere()]).toEqual(['wasm-simd', 2 ** 32]);
  expect((await browser.loadWasm()).env.wasm).toBeDefined();
});
