// The conformance suite in pages of a real browser, and what such pages say of themselves.

import { notHere } from '@ma-net/testing';
import { chromium } from '@ma-net/testing/node';
import { describe, expect, test } from 'vitest';
import { launch, openPage } from '../page/browser.ts';
import type { Page } from '../page/page.ts';
import type { Outcome } from '../page/vitest.ts';

type Global = { page: Page };

interface Asked {
  readonly suite: 'webgpu' | 'onnx';
  readonly webgpu?: boolean;
  readonly isolated?: boolean;
}

/** Runs `body` in a page of Chromium that has loaded the suite. */
async function inPage<T>(
  { suite, webgpu = false, isolated = false }: Asked,
  body: () => Promise<T>,
): Promise<T> {
  const browser = await launch({ webgpu });
  try {
    return await (await openPage(browser, suite, { isolated })).evaluate(body);
  } finally {
    await browser.close();
  }
}

const probe = (): Promise<unknown> => (globalThis as unknown as Global).page.probe();
/** What the backend says of itself when two threads are asked for. */
const facts = (): Promise<unknown> => (globalThis as unknown as Global).page.facts(2);
const run = (): Promise<Outcome[]> => (globalThis as unknown as Global).page.run();

/** Every test of the page as one of ours. */
function declare(outcomes: readonly Outcome[]): void {
  for (const { name, state, message } of outcomes) {
    if (state === 'skipped') test.skip(name, () => {});
    else test(name, () => expect(message).toBeUndefined());
  }
}

const missing = (): void =>
  notHere('Chromium', 'apt-get install chromium libvulkan1, or set MA_NET_CHROMIUM');

describe('conformance of webgpu in Chromium', async () => {
  if (chromium === undefined) return missing();

  test('without the flag there is no adapter, and the probe says so', async () => {
    expect(await inPage({ suite: 'webgpu' }, probe)).toMatchObject({
      ok: false,
      reason: 'the browser has WebGPU but offers no adapter',
    });
  });

  test('with it there is a software renderer, and the probe says so', async () => {
    expect(await inPage({ suite: 'webgpu', webgpu: true }, probe)).toMatchObject({
      ok: true,
      software: true,
    });
  });

  declare(await inPage({ suite: 'webgpu', webgpu: true }, run));
});

describe('conformance of onnx in Chromium', async () => {
  if (chromium === undefined) return missing();

  test('it computes in WebAssembly, and has the threads that it is asked for where the page is isolated', async () => {
    expect(await inPage({ suite: 'onnx' }, probe)).toMatchObject({
      ok: true,
      device: expect.stringMatching(/WebAssembly$/),
    });
    expect(await inPage({ suite: 'onnx' }, facts)).toMatchObject({ provider: 'wasm', threads: 1 });
    expect(await inPage({ suite: 'onnx', isolated: true }, facts)).toMatchObject({
      provider: 'wasm',
      threads: 2,
    });
  });

  declare(await inPage({ suite: 'onnx', isolated: true }, run));
});
