import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { isTemporary, writeFileAtomic } from './node.ts';
import { ownIdentity } from './process-identity.ts';
import { removeLeftovers, removeLeftoversIn, temporaryFor } from './temporary.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'ma-net-temporary-'));
/** The same name, made by another process. */
const madeBy = (path: string, pid: number): string =>
  temporaryFor(path).replace(`-${ownIdentity().pid}-`, `-${pid}-`);
/** A number that no process has any more. */
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid;

test('a writer removes what a killed process left of the same file', async () => {
  const path = join(folder(), 'state');
  writeFileSync(madeBy(path, gone()), 'half');
  await writeFileAtomic(path, 'whole');
  expect(readdirSync(join(path, '..'))).toEqual(['state']);
});

test("and nobody else's: of running processes, of other files and machines, of people", async () => {
  const path = join(folder(), 'state');
  const dead = gone();
  const others = [
    temporaryFor(path),
    madeBy(join(path, '../state2'), dead),
    madeBy(path, dead).replace(/\.[0-9a-f]{8}-/, '.00000000-'),
    `${path}.tmp`,
    join(path, '../notes.tmp'),
    join(path, `../.state.${dead}-1.tmp`),
  ];
  for (const other of others) writeFileSync(other, 'theirs');
  await removeLeftovers(path);
  expect(readdirSync(join(path, '..')).toSorted()).toEqual(others.map((other) => basename(other)).toSorted());
});

test('a process that got the number of the maker since does not keep its file', async () => {
  const path = join(folder(), 'state');
  writeFileSync(madeBy(path, process.ppid), 'half');
  await removeLeftovers(path);
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('a name as long as the file system allows can be written', async () => {
  const path = join(folder(), 'n'.repeat(255));
  await writeFileAtomic(path, 'whole');
  expect(readdirSync(join(path, '..'))).toEqual(['n'.repeat(255)]);
});

test('knows its names from those of people', () => {
  expect(isTemporary(basename(temporaryFor('a/state')))).toBe(true);
  for (const name of ['notes.tmp', '.notes.tmp', '.state.1-2.tmp']) expect(isTemporary(name)).toBe(false);
});

test('removes what was left of all files that belong together, and of no other', async () => {
  const path = folder();
  const dead = gone();
  const left = ['a.lock', 'b.lock', 'c'].map((name) => madeBy(join(path, name), dead));
  for (const file of left) writeFileSync(file, 'half');
  await removeLeftoversIn(path, (name) => name.endsWith('.lock'));
  expect(readdirSync(path)).toEqual([basename(left[2]!)]);
});
