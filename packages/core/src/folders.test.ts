import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from './node.ts';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'ma-net-folders-'));

test('makes a folder and those above it, once or twice, by one or by many', async () => {
  const path = join(fresh(), 'a/b/c');
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(path, 'd'))]);
  await makeFolder(path);
  expect(existsSync(join(path, 'd'))).toBe(true);
});

test('refuses a file, and what lies below one', async () => {
  const file = join(fresh(), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below'), join(file, 'far/below')])
    await expect(makeFolder(path)).rejects.toMatchObject({ code: 'bad-argument' });
});

test('refuses a name that no folder can have', async () => {
  const path = join(fresh(), 'n'.repeat(300));
  await expect(makeFolder(path)).rejects.toMatchObject({ code: 'bad-argument' });
  await expect(makeFolder(join(path, 'below'))).rejects.toMatchObject({ code: 'bad-argument' });
});

test.runIf(process.platform === 'linux')('refuses /proc, and does not try for ever', async () => {
  await expect(makeFolder('/proc/ma-net/run')).rejects.toMatchObject({ code: 'no-access' });
});
