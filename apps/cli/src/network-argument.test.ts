import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRun } from './network-argument.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-argument-'));

test('a folder is a run, a file a network', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(isRun(folder)).toBe(true);
  expect(isRun(join(folder, 'file'))).toBe(false);
});

test.each([
  ['none', 'not-found'],
  ['file/below', 'bad-argument'],
  ['n'.repeat(300), 'bad-argument'],
])('%s is refused', (name, code) => {
  expect(() => isRun(join(folder, name))).toThrow(expect.objectContaining({ code }));
});

test.skipIf(process.platform === 'win32')('a pipe is refused, not waited for', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(() => isRun(join(folder, 'pipe'))).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});
