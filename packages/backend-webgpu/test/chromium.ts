// A page in the system's Chromium, without a window. SwiftShader stands in for a GPU.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const folders = (process.env['PATH'] ?? '').split(delimiter);

/** The program; undefined on machines without one. `MA_NET_CHROMIUM` names another. */
export const executable = [
  process.env['MA_NET_CHROMIUM'] ?? '',
  ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
].find((path) => path !== '' && existsSync(path));

/** A browser that offers WebGPU, or does not. The caller closes it. */
export function launch({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> {
  return chromium.launch({
    executablePath: executable!,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...(webgpu ? ['--enable-unsafe-webgpu'] : [])],
  });
}
