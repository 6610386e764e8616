import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findRuntime, refusalOf, whyNotHere } from './platform.node.ts';
import { findForProcessor, isProcessor, loadRuntime } from './runtime.ts';

test('the library is loaded with its telemetry off', async () => {
  expect(process.env['ORT_DISABLE_TELEMETRY']).toBe('1');
  const { runtime, provider } = await loadRuntime();
  expect(runtime.InferenceSession).toBeDefined();
  expect(provider).toBe('cpu');
  expect(await findRuntime()).toBe(runtime);
});

test('where the library is missing WebAssembly takes its place, and says why', async () => {
  const missing = refusalOf({ code: 'ERR_MODULE_NOT_FOUND', message: '' });
  const found = await findForProcessor(() => Promise.resolve(missing));
  expect(found).toMatchObject({ instead: missing });
  const { runtime, provider } = await loadRuntime('wasm');
  expect(found).toMatchObject({ runtime });
  expect(runtime).not.toBe(await findRuntime());
  expect(runtime.env.versions.common).toBe((await loadRuntime('cpu')).runtime.env.versions.common);
  expect([provider, 'cpu', 'webgpu', 'cuda'].map(isProcessor)).toEqual([true, true, false, false]);
});

test('where the library must stay unloaded nothing takes its place unasked', async () => {
  const refusal = refusalOf({ code: 'ERR_MODULE_NOT_FOUND', message: '' });
  expect(await findForProcessor(() => Promise.resolve(refusal), 'a worker')).toBe(refusal);
});

test('a worker takes it only when its main thread has switched that off, or wants it', () => {
  expect(whyNotHere(true, {})).toBeUndefined();
  expect(whyNotHere(false, {})).toContain('telemetry');
  expect(whyNotHere(false, { ORT_DISABLE_TELEMETRY: '1' })).toBeUndefined();
  expect(whyNotHere(false, { ORT_DISABLE_TELEMETRY: '0' })).toBeUndefined();
});

test('a package that npm left out and a binary that is missing are told apart', () => {
  const missing = refusalOf({
    code: 'ERR_MODULE_NOT_FOUND',
    message: "Cannot find package 'onnxruntime-node'",
  });
  expect(missing.hint).toContain('npm install onnxruntime-node@1.30.0 --ignore-scripts');
  const broken = refusalOf({ code: 'MODULE_NOT_FOUND', message: 'Cannot find ../bin\nRequire stack' });
  expect(broken.reason).toMatch(new RegExp(`${process.platform} ${process.arch}\\): Cannot find ../bin$`));
});

test('nothing else here loads the library, so that none is loaded before the switch', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const loads = (readdirSync(folder, { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .filter((file) =>
      /^(?!import type ).*(from|import\() ?'onnxruntime-node'/m.test(
        readFileSync(join(folder, file), 'utf8'),
      ),
    );
  expect(loads).toEqual(['platform.node.ts']);
});
