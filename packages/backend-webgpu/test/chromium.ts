import { chromium as executable } from '@ma-net/testing/node';
import { type Browser, chromium } from 'playwright-core';

/** A browser without a window that offers WebGPU (on SwiftShader), or does not. The caller closes it. */
export function launch({ webgpu }: { readonly webgpu: boolean }): Promise<Browser> {
  return chromium.launch({
    executablePath: executable!,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...(webgpu ? ['--enable-unsafe-webgpu'] : [])],
  });
}
