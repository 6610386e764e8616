import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { fileError } from './node.ts';

const refused = (code: string): Error =>
  Object.assign(new Error(`${code}: refused, open 'x'`), { code, syscall: 'open', path: 'x' });

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EROFS', 'no-access'],
  ['EACCES', 'no-access'],
  ['EPERM', 'no-access'],
  ['ENOENT', 'not-found'],
  ['ENOTDIR', 'bad-argument'],
  ['EISDIR', 'bad-argument'],
  ['ENAMETOOLONG', 'bad-argument'],
  ['ELOOP', 'bad-argument'],
  ['EMFILE', 'file-failed'],
  ['ENFILE', 'file-failed'],
])('%s is told as %s, with the path and what to do', (code, expected) => {
  const error = fileError(refused(code), 'runs/a');
  expect(error).toMatchObject({ name: 'MaNetError', code: expected, cause: { code } });
  expect((error as Error).message).toMatch(/\n {2}at runs\/a\n {2}hint: \S/);
});

test('whatever else a system may say is told in our words too', () => {
  for (const name of Object.keys(constants.errno)) {
    expect(fileError(refused(name), 'x')).toMatchObject({ name: 'MaNetError' });
  }
});

test('what the file system did not say stays as it is', () => {
  const error = new TypeError('no');
  expect(fileError(error, 'x')).toBe(error);
});
