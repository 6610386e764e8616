// The studio as it is served: built into a folder of its own, on a port of its own.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium as executable } from '@ma-net/testing/node';
import { type Browser, chromium } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const configFile = join(root, 'vite.config.ts');

export interface Site {
  /** Served as `npm run studio` does, isolated. */
  readonly url: string;
  /** Served by a server that isolates nothing. */
  readonly plainUrl: string;
  readonly browser: Browser;
  /** A folder for what the browser downloads, gone when the site closes. */
  readonly folder: string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-studio-'));
  const outDir = join(folder, 'site');
  await build({ root, configFile, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  const serve = (config: string | false): Promise<PreviewServer> =>
    preview({
      root,
      configFile: config,
      logLevel: 'error',
      build: { outDir },
      preview: { port: 0, open: false },
    });
  const servers = [await serve(configFile), await serve(false)];
  const browser = await chromium.launch({
    executablePath: executable!,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  return {
    url: servers[0]!.resolvedUrls!.local[0]!,
    plainUrl: servers[1]!.resolvedUrls!.local[0]!,
    browser,
    folder,
    async close() {
      await browser.close();
      await Promise.all(servers.map((server) => server.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
