import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectDawn, openDawn, resolveDawn } from './dawn.ts';

/** A module in the place of Dawn. */
function moduleOf(code: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'ma-net-dawn-')), 'index.mjs');
  writeFileSync(file, code);
  return file;
}

test('resolveDawn names the package that is not installed', () => {
  expect(resolveDawn('webgpu-that-is-not-there')).toEqual({
    ok: false,
    reason: 'Node has no WebGPU of its own, and the package "webgpu-that-is-not-there" is not installed',
    hint: 'npm install webgpu',
  });
});

describe('inspectDawn', () => {
  test('says why the package did not load', async () => {
    const broken = moduleOf(`throw new Error("Cannot find module '/x/linux-riscv64/dawn.node'")`);
    expect(await inspectDawn(broken)).toMatchObject({
      reason: `the package "webgpu" did not load: Cannot find module '/x/linux-riscv64/dawn.node'`,
    });
  });

  test('survives a driver that crashes', async () => {
    const crashing = moduleOf(`process.kill(process.pid, 'SIGSEGV'); await new Promise(() => {});`);
    expect(await inspectDawn(crashing)).toMatchObject({
      reason: 'the package "webgpu" did not load: the driver of the GPU crashed',
    });
  });

  test('keeps what drivers print to itself, and passes on what the adapter says', async () => {
    const noisy = moduleOf(`
      console.error('error: XDG_RUNTIME_DIR is invalid');
      const info = { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200', isFallbackAdapter: false };
      export const create = () => ({ requestAdapter: async () => ({ info }) });`);
    expect(await inspectDawn(noisy)).toEqual({
      info: {
        vendor: 'nvidia',
        architecture: 'hopper',
        description: 'NVIDIA H200',
        isFallbackAdapter: false,
      },
    });
  });

  test.runIf(process.platform === 'linux')('without an adapter it lists the Vulkan drivers', async () => {
    const empty = moduleOf(`export const create = () => ({ requestAdapter: async () => null });`);
    process.env['VK_DRIVER_FILES'] = '/nowhere/no_icd.json';
    expect(await inspectDawn(empty)).toMatchObject({
      reason: 'none of the Vulkan drivers offers an adapter that Dawn can use (/nowhere/no_icd.json)',
      hint: expect.stringContaining('vulkaninfo') as string,
    });
  });
});

test('openDawn brings its globals and keeps one entry point', async () => {
  const file = moduleOf(`
    export const globals = { GPUForTests: class {} };
    export const create = () => ({ made: globals.made = (globals.made ?? 0) + 1 });`);
  const gpu = await openDawn(file);
  expect(await openDawn(file)).toBe(gpu);
  expect(globalThis).toHaveProperty('GPUForTests');
});
