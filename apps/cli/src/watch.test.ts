// A training as a browser sees it while it goes on.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notHere } from '@ma-net/testing';
import { chromium as executable } from '@ma-net/testing/node';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newFolder, startManet, TINY } from '../test/manet.ts';

describe('in Chromium', () => {
  if (executable === undefined) {
    notHere('Chromium', 'apt-get install chromium, or set MA_NET_CHROMIUM');
    return;
  }

  test('curves and connections change while a run trains', { timeout: 120_000 }, async () => {
    const folder = newFolder();
    const training = startManet(['train', ...TINY, '--out', 'run'], folder);
    const metrics = join(folder, 'run/metrics.jsonl');
    const logged = (): boolean =>
      existsSync(metrics) && readFileSync(metrics, 'utf8').includes('"type":"step"');
    while (!logged()) await new Promise((done) => setTimeout(done, 5));
    // It waits until the page was seen: it would be over before a browser starts.
    training.process.kill('SIGSTOP');
    const watching = startManet(['watch', 'run', '--port', '0'], folder);
    let printed = '';
    watching.process.stdout!.on('data', (chunk) => (printed += String(chunk)));
    await watching.printed('Ctrl-C');
    const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(printed)![0];
    const browser = await chromium.launch({
      executablePath: executable!,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 375, height: 800 } });
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(url);
      const loss = page.locator('#term-loss desc');
      const kept = page.locator('#kept desc');
      const first = await loss.textContent({ timeout: 60_000 });
      training.process.kill('SIGCONT');
      // Connections are decided about after the plain rounds; the last of 48 mini-batches comes after that.
      await kept.waitFor({ state: 'attached', timeout: 60_000 });
      await page.locator('#status', { hasText: /48 mini-batches in \d+ s\.$/ }).waitFor({ timeout: 60_000 });
      expect(await loss.textContent()).not.toBe(first);
      expect(await kept.textContent()).toMatch(/ma-net: \d\d\.\d\d % at the end/);
      expect(await page.locator('#rounds-0 svg').count()).toBeGreaterThan(0);
      expect(complaints).toEqual([]);
    } finally {
      training.process.kill('SIGCONT');
      await browser.close();
      watching.process.kill('SIGINT');
    }
    expect((await training.finished).code).toBe(0);
    expect(await watching.finished).toMatchObject({ code: 0, stderr: '' });
  });
});
