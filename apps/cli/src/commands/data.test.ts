import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

/** 5 rows of 6 red pixels. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAYAAAAFCAIAAADpOgqxAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEklEQVQImWP4z8CAhtD5lAgBAKn7HeOOwj/YAAAAAElFTkSuQmCC',
  'base64',
);
const folder = newFolder();
for (const name of ['a/1.png', 'a/2.png', 'b/1.png']) {
  mkdirSync(join(folder, 'photos', name, '..'), { recursive: true });
  writeFileSync(join(folder, 'photos', name), png);
}

test('a folder is described', async () => {
  const { code, stdout } = await manet(['data', 'check', 'photos'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain('images     3 in 2 classes');
  expect(stdout).toContain('1 (b) to 2 (a)');
  expect(stdout).toContain('5 x 6 to 5 x 6 pixels');
  expect(stdout).toContain('broken     none');
});

test('a broken image is named, and the code says so', async () => {
  writeFileSync(join(folder, 'photos/b/2.png'), 'oops');
  const { code, stdout } = await manet(['data', 'check', 'photos'], folder);
  expect(code).toBe(1);
  expect(stdout).toMatch(/photos\/b\/2\.png: The image cannot be decoded/);
});

test('unknown actions and data sets are refused with the nearest', async () => {
  const action = await manet(['data', 'chek', 'photos'], folder);
  expect(action.code).toBe(1);
  expect(action.stderr).toContain('did you mean "check"?');
  const set = await manet(['data', 'download', 'cifar11'], folder);
  expect(set.code).toBe(1);
  expect(set.stderr).toMatch(/did you mean "cifar10+"\?/);
});
