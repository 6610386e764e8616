// The studio from its first load to an opened model, as a person uses it. MA_NET_SHOTS=<folder> keeps pictures of the
// page at each stage, to be looked at.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onnx } from '@ma-net/backend-onnx';
import { startBackend } from '@ma-net/core';
import { loadClassifier, loadNetwork } from '@ma-net/export/node';
import { notHere } from '@ma-net/testing';
import { chromium } from '@ma-net/testing/node';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site } from './site.ts';

const MINUTE = 60_000;
/** Bytes of the first load, compressed. */
const BUDGET = 1_500_000;
/** Milliseconds until the network is drawn and can be trained. */
const FAST = 2000;
const PHONE = { width: 360, height: 740 };

describe('the studio in Chromium', () => {
  if (chromium === undefined) {
    notHere('Chromium', 'apt-get install chromium, or set MA_NET_CHROMIUM');
    return;
  }
  let site: Site;
  let context: BrowserContext;
  let page: Page;
  const said: string[] = [];

  beforeAll(async () => {
    site = await openSite();
    context = await site.browser.newContext({ colorScheme: 'light', viewport: { width: 1100, height: 900 } });
    page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.message));
  }, 5 * MINUTE);
  afterAll(async () => {
    await site?.close();
  });

  const shot = async (name: string): Promise<void> => {
    const folder = process.env['MA_NET_SHOTS'];
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  };

  const ready = (of: Page): Promise<void> => of.locator('button[type=submit]:enabled').waitFor();

  /** What a checker of accessibility finds wrong. */
  async function violations(): Promise<string[]> {
    await page.evaluate(axe.source);
    return page.evaluate(async () => {
      const found = await (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run();
      return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
  }

  const value = (name: string): Promise<string> =>
    page
      .locator('.numbers > div', { has: page.locator('dt', { hasText: name }) })
      .locator('dd')
      .innerText();

  test(
    'the first load is small, fast, and asks nobody else',
    async () => {
      const sizes = new Map<string, number>();
      page.on('response', (response) => {
        void response.body().then(
          (body) => sizes.set(response.url(), gzipSync(body).length),
          () => undefined,
        );
      });
      // What else the machine does is not the studio's: a busy one gets some more attempts.
      const times: number[] = [];
      while (times.length < 6 && !times.some((time) => time < FAST)) {
        const started = performance.now();
        await page.goto(site.url);
        await ready(page);
        times.push(performance.now() - started);
      }
      await page.waitForLoadState('networkidle');
      const bytes = [...sizes.values()].reduce((a, b) => a + b, 0);
      expect([...sizes.keys()].filter((url) => !url.startsWith(site.url))).toEqual([]);
      expect(sizes.size).toBeGreaterThan(4);
      expect(bytes).toBeLessThan(BUDGET);
      expect(Math.min(...times)).toBeLessThan(FAST);
      console.log(
        `first load: ${bytes} bytes compressed in ${sizes.size} files, ready in ${times.map(Math.round).join(', ')} ms`,
      );
      page.removeAllListeners('response');
      await shot('1-ready');
    },
    MINUTE,
  );

  test(
    'it can be read, and fits a phone',
    async () => {
      expect(await violations()).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await violations()).toEqual([]);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(PHONE);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
      await shot('2-phone');
      await page.setViewportSize({ width: 1100, height: 900 });
    },
    MINUTE,
  );

  test(
    'a network trains, pauses, and ends smaller',
    async () => {
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      // By keys alone: from the first control to the button.
      await page.getByLabel('Remove').focus();
      await page.keyboard.press('ArrowLeft');
      await page.getByLabel('Epochs').fill('3');
      await page.getByLabel('Seed').focus();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByText('1 of 60').waitFor({ timeout: MINUTE });
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('Paused.').waitFor();
      await page.waitForTimeout(500);
      const held = await value('Mini-batch');
      await page.waitForTimeout(1500);
      expect(await value('Mini-batch')).toBe(held);
      await page.getByRole('button', { name: 'Go on' }).click();

      // While it trains the page answers at once.
      let slowest = 0;
      let shots = 0;
      let died = '0';
      const over = page.getByRole('heading', { name: 'What is left' });
      while (!(await over.isVisible()) && !(await page.getByRole('alert').isVisible())) {
        const asked = performance.now();
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
        slowest = Math.max(slowest, performance.now() - asked);
        if (shots < 3 && (await value('Died')) !== died) {
          died = await value('Died');
          await shot(`3-trains-${++shots}`);
        }
        await page.waitForTimeout(400);
      }
      console.log(`slowest frame while it trains: ${Math.round(slowest)} ms; ${await value('Computes on')}`);
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(slowest).toBeLessThan(1000);
      expect(await value('Mini-batch')).toBe('60 of 60');
      expect(Number.parseFloat(await value('Accuracy'))).toBeGreaterThan(60);
      expect(Number.parseFloat(await value('Connections alive'))).toBeLessThan(95);
      expect(await page.getByText('Done.').count()).toBe(1);
      await shot('4-done');
    },
    8 * MINUTE,
  );

  test('the drawing has colours of the page, not the black of a canvas that knows none', async () => {
    const colours = await page.locator('canvas.network').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let [painted, blue] = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue;
        painted++;
        if (data[i + 2]! > data[i]! + 20) blue++;
      }
      return { painted, blue };
    });
    expect(colours.painted).toBeGreaterThan(5000);
    expect(colours.blue / colours.painted).toBeGreaterThan(0.3);
  });

  test(
    'a digit drawn with keys is told, and so is one of the test set',
    async () => {
      await page.getByLabel('Paper to draw a digit on').focus();
      for (const key of [' ', ...Array.from({ length: 14 }, () => 'ArrowDown')])
        await page.keyboard.press(key);
      await page.getByText(/The pruned network says \d, with/).waitFor();
      await page.getByRole('button', { name: 'Take a test digit' }).click();
      await page.getByText(/Its writer meant \d/).waitFor();
      expect(await violations()).toEqual([]);
      await shot('5-tried');
    },
    MINUTE,
  );

  test(
    'the files that it gives are the network, and it opens them and others',
    async () => {
      const files: Record<string, string> = {};
      for (const format of ['safetensors', 'onnx']) {
        const download = page.waitForEvent('download');
        await page.getByRole('button', { name: `Download ${format}` }).click();
        files[format] = join(site.folder, (await download).suggestedFilename());
        await (await download).saveAs(files[format]);
      }
      await startBackend(onnx, { threads: 1 });
      const { network, facts } = await loadNetwork(files['safetensors']!);
      const numbers = network.parameters.reduce(
        (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
        0,
      );
      const shown = await page.locator('tr', { hasText: 'Parameters' }).locator('td').last().innerText();
      expect(numbers).toBe(Number(shown.replace(/\D/g, '')));
      expect(facts.compaction!.cuts.length).toBeGreaterThan(0);

      // A cross of 20 x 30 pixels, which is brought to the size of the network in both places.
      const cross = Uint8Array.from({ length: 600 * 3 }, (_, i) => {
        const [x, y] = [Math.floor(i / 3) % 20, Math.floor(i / 60)];
        return (x >= 8 && x < 12) || (y >= 13 && y < 17) ? 230 : 20;
      });
      const image = join(site.folder, 'cross.png');
      writeFileSync(
        image,
        await sharp(cross, { raw: { width: 20, height: 30, channels: 3 } })
          .png()
          .toBuffer(),
      );
      const section = page.getByRole('region', { name: 'Open a model' });
      for (const format of ['safetensors', 'onnx']) {
        const expected = await (await loadClassifier(files[format]!)).classify(image, 1);
        await section.getByLabel('Model').setInputFiles(files[format]!);
        await section.getByText(`digits.${format} tells 10 classes apart, on images of 8 x 8 x 1`).waitFor();
        await section.getByLabel('Image').setInputFiles(image);
        await section.getByText(`cross.png: ${expected[0]!.name}`).waitFor();
        const share = await section.locator('.share').first().innerText();
        expect(Number.parseFloat(share)).toBeCloseTo(100 * expected[0]!.probability, 0);
      }
      await section.getByLabel('Model').setInputFiles(image);
      expect(await section.getByRole('alert').innerText()).toContain('not an ONNX model');
      await shot('6-opened');
    },
    2 * MINUTE,
  );

  test('nothing went wrong without a word', () => {
    expect(said).toEqual([]);
  });

  test(
    'a server that isolates nothing costs the threads alone',
    async () => {
      const plain = await context.newPage();
      await plain.goto(`${site.plainUrl}?threads=2`);
      await ready(plain);
      expect(await plain.evaluate(() => crossOriginIsolated)).toBe(false);
      await plain.getByRole('button', { name: 'Train' }).click();
      await plain.getByText('1 of 300').waitFor({ timeout: MINUTE });
      expect(await plain.locator('.numbers').innerText()).toMatch(/WebAssembly, 1 thread\b/);
      await plain.getByRole('button', { name: 'Stop' }).click();
      await plain.getByText('Stopped.').waitFor();
      await plain.close();
      const threaded = await context.newPage();
      await threaded.goto(`${site.url}?threads=2`);
      await ready(threaded);
      await threaded.getByRole('button', { name: 'Train' }).click();
      await threaded.getByText('1 of 300').waitFor({ timeout: MINUTE });
      expect(await threaded.locator('.numbers').innerText()).toMatch(/WebAssembly, 2 threads/);
    },
    3 * MINUTE,
  );
});
