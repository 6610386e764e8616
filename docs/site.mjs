// The site: the reference of every package out of its sources, then the pages. With --check every page is opened in Chromium
// afterwards, and what its console or network complains of is an error: `npm run docs:check`.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium as executablePath } from '@ma-net/testing/node';
import { chromium } from 'playwright-core';
import { serve } from 'vitepress';

const here = import.meta.dirname;
const packages = join(here, '../packages');
const dist = join(here, '.vitepress/dist');
const PORT = 4174;

/** Entry points of the packages, by the exports of their manifests. */
const entries = readdirSync(packages)
  .map((name) => join(packages, name))
  .filter((folder) => existsSync(join(folder, 'package.json')))
  .flatMap((folder) => {
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const sources = Object.values(exports).flatMap((target) => target['@ma-net/source'] ?? []);
    return sources.map((source) => join(folder, source));
  });

rmSync(join(here, 'api'), { recursive: true, force: true });
run('typedoc', ['--options', 'typedoc.json', ...entries.flatMap((entry) => ['--entryPoints', entry])]);
run('vitepress', ['build']);
if (process.argv.includes('--check')) await check();

function run(command, args) {
  const { status } = spawnSync('npx', ['--no-install', command, ...args], { cwd: here, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

async function check() {
  const pages = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.html'));
  await serve({ root: here, port: PORT });
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  const page = await browser.newPage();
  const complaints = [];
  let current = '';
  page.on(
    'console',
    (message) => message.type() === 'error' && complaints.push(`${current}: ${message.text()}`),
  );
  page.on('pageerror', (error) => complaints.push(`${current}: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${current}: ${response.status()} ${response.url()}`);
  });
  for (const file of pages.filter((name) => name !== '404.html')) {
    current = file;
    await page.goto(`http://localhost:${PORT}/${file}`, { waitUntil: 'networkidle' });
    if ((await page.locator('h1').count()) === 0) complaints.push(`${file}: there is no heading`);
  }
  await browser.close();
  console.log([`${pages.length} pages`, ...complaints].join('\n'));
  process.exit(complaints.length === 0 ? 0 : 1);
}
