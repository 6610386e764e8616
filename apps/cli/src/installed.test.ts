import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Format } from '@ma-net/export/node';
import { partNamed } from '@ma-net/run';
import { expect, test } from 'vitest';
import { loadBackends } from './backends.ts';
import { installed } from './installed.ts';

/** A project that depends on a package of a stranger's, which offers a format and a backend. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-project-'));
  const stranger = join(folder, 'node_modules/stranger');
  mkdirSync(stranger, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { stranger: '1.0.0' } }));
  const exports = { './parts': './parts.js' };
  writeFileSync(
    join(stranger, 'package.json'),
    JSON.stringify({ name: 'stranger', type: 'module', exports }),
  );
  writeFileSync(
    join(stranger, 'parts.js'),
    `export const parts = [
      { id: 'stranger#csv', kind: 'format', about: '', open: async () => ({ extension: '.csv' }) },
      { id: 'stranger#abacus', kind: 'backend', about: '', open: async () => ({ name: 'abacus', priority: 1 }) },
    ];`,
  );
  return folder;
}

test('formats and backends of a package that a project depends on are found beside ours', async () => {
  const parts = installed(project());
  const extension = async (name: string): Promise<string> =>
    ((await (await partNamed(name, 'format', parts)).open({} as never)) as Format).extension;
  expect(await extension('csv')).toBe('.csv');
  expect(await extension('stranger#csv')).toBe('.csv');
  expect(await extension('onnx')).toBe('.onnx');
  expect(await loadBackends('abacus', parts)).toEqual([{ name: 'abacus', priority: 1 }]);
  const names = (await loadBackends('auto', parts)).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['abacus', 'cpu', 'onnx', 'webgpu', 'cuda']));
});

test('elsewhere they are not', async () => {
  const parts = installed(mkdtempSync(join(tmpdir(), 'ma-net-project-')));
  await expect(partNamed('csv', 'format', parts)).rejects.toMatchObject({
    code: 'unknown-name',
    message: expect.stringMatching(/no format called "csv"[^]*safetensors, onnx, tfjs/) as string,
  });
  await expect(loadBackends('abacus', parts)).rejects.toMatchObject({ code: 'unknown-name' });
});
