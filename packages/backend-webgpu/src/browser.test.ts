// The conformance suite in a page of a real browser, and what such a page must not ask for.

import { notHere } from '@ma-net/testing';
import { chromium } from '@ma-net/testing/node';
import { describe, expect, test } from 'vitest';
import { launch } from '../test/chromium.ts';
import { bundle } from '../test/page/bundle.ts';
import type { Page } from '../test/page/suite.ts';

type Global = { page: Page };

/** Runs `body` in a page of Chromium that has loaded the suite. */
async function inPage<T>(webgpu: boolean, body: () => Promise<T>): Promise<T> {
  const [browser, script] = await Promise.all([launch({ webgpu }), bundle()]);
  try {
    const page = await browser.newPage();
    // WebGPU wants a secure context, which an empty page is not.
    await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto('http://localhost/');
    await page.addScriptTag({ content: script });
    return await page.evaluate(body);
  } finally {
    await browser.close();
  }
}

const probe = (): Promise<unknown> => (globalThis as unknown as Global).page.probe();

describe('conformance of webgpu in Chromium', async () => {
  if (chromium === undefined) {
    notHere('Chromium', 'apt-get install chromium libvulkan1, or set MA_NET_CHROMIUM');
    return;
  }

  test('without the flag there is no adapter, and the probe says so', async () => {
    expect(await inPage(false, probe)).toMatchObject({
      ok: false,
      reason: 'the browser has WebGPU but offers no adapter',
    });
  });

  test('with it there is a software renderer, and the probe says so', async () => {
    expect(await inPage(true, probe)).toMatchObject({ ok: true, software: true });
  });

  const outcomes = await inPage(true, () => (globalThis as unknown as Global).page.run());
  for (const { name, state, message } of outcomes) {
    if (state === 'skipped') test.skip(name, () => {});
    else test(name, () => expect(message).toBeUndefined());
  }
});
