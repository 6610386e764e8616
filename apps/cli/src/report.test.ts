// The command as a person runs it, and its page as a browser shows it.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { notHere } from '@ma-net/testing';
import { chromium as executable } from '@ma-net/testing/node';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { manet, newFolder, TINY } from '../test/manet.ts';

const folder = newFolder();
beforeAll(async () => {
  const { code, stderr } = await manet(['train', ...TINY, '--out', 'runs/a'], folder);
  expect(code, stderr).toBe(0);
}, 60_000);

const report = (...args: readonly string[]) => manet(['report', 'runs', '--backend', 'cpu', ...args], folder);

test('writes one page and its figures', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await report('--svg', '--png');
  expect(code, stderr).toBe(0);
  expect(stderr).toBe('');
  expect(stdout).toContain('Wrote report.html: 1 runs');
  const page = readFileSync(join(folder, 'report.html'), 'utf8');
  // The table: accuracy, its interval, parameters, MACs, and a time that was measured.
  expect(page).toMatch(
    /<td>\d+\.\d\d %<\/td><td>\d+\.\d\d % to \d+\.\d\d %<\/td><td>[\d,]+<\/td><td>[\d,]+<\/td><td>[\d,]+<\/td><td>[\d.]+<\/td>/,
  );
  expect(page).toContain('on cpu, ');
  const figures = readdirSync(join(folder, 'report-figures'));
  const names = [
    'kept',
    'layers',
    'rounds-0',
    'gates-0',
    'map-0',
    'term-loss',
    'term-data',
    'term-regulariser',
    'measure-test-top1',
    'methods',
  ];
  expect(figures).toEqual(expect.arrayContaining(names.flatMap((name) => [`${name}.png`, `${name}.svg`])));
  const { width, height } = await sharp(join(folder, 'report-figures/kept.png')).metadata();
  expect(width).toBe(872);
  const { channels } = await sharp(join(folder, 'report-figures/kept.png')).stats();
  // Neither blank nor without its paper.
  expect(channels.slice(0, 3).map(({ max }) => max)).toEqual([255, 255, 255]);
  expect(Math.min(...channels.slice(0, 3).map(({ min }) => min))).toBeLessThan(60);
  expect(height).toBeGreaterThan(400);

  // Once more, over what it wrote itself.
  expect(await report('--svg', '--no-time')).toMatchObject({ code: 0, stderr: '' });
});

test('leaves files of others alone', async () => {
  writeFileSync(join(folder, 'mine.html'), '<p>mine</p>');
  mkdirSync(join(folder, 'other-figures'));
  writeFileSync(join(folder, 'other-figures/photo.png'), 'mine');
  expect(await report('--out', 'mine.html')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not written by manet'),
  });
  expect(await report('--out', 'other.html', '--svg')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('other things'),
  });
  expect(readFileSync(join(folder, 'mine.html'), 'utf8')).toBe('<p>mine</p>');
  expect(await manet(['report', 'nowhere'], folder)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('[not-found]'),
  });
});

describe('in Chromium', () => {
  if (executable === undefined) {
    notHere('Chromium', 'apt-get install chromium, or set MA_NET_CHROMIUM');
    return;
  }

  test.each([
    ['light', 1280],
    ['dark', 375],
  ] as const)(
    'the page opens from a file, %s and %i wide, without a word of complaint',
    { timeout: 60_000 },
    async (colorScheme, width) => {
      const browser = await chromium.launch({
        executablePath: executable!,
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
      });
      try {
        const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme, offline: true });
        const complaints: string[] = [];
        page.on('console', (message) => complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(String(error)));
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        const url = pathToFileURL(join(folder, 'report.html')).href;
        await page.goto(url);
        const seen = await page.evaluate(() => {
          const { document, innerWidth, getComputedStyle } = globalThis as unknown as {
            document: {
              documentElement: { scrollWidth: number };
              body: object;
              querySelectorAll(
                selector: string,
              ): ArrayLike<{ getBoundingClientRect(): { width: number; height: number } }>;
            };
            innerWidth: number;
            getComputedStyle(element: object): { backgroundColor: string };
          };
          return {
            tooWide: document.documentElement.scrollWidth - innerWidth,
            paper: getComputedStyle(document.body).backgroundColor,
            figures: Array.from(
              document.querySelectorAll('figure > svg'),
              (svg) => svg.getBoundingClientRect().width,
            ),
          };
        });
        expect(complaints).toEqual([]);
        expect(asked).toEqual([url]);
        expect(seen.tooWide).toBeLessThanOrEqual(0);
        expect(seen.paper).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(15, 20, 26)');
        expect(seen.figures.length).toBeGreaterThan(9);
        for (const wide of seen.figures) expect(wide).toBeGreaterThan(300);
      } finally {
        await browser.close();
      }
    },
  );
});
