import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownIdentity } from '@ma-net/core/node';
import { expect, test, vi } from 'vitest';
import { isLockName, lockRun } from './run-lock.ts';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'ma-net-lock-'));
/** Leaves the file of a writer, as another process would. */
function leave(folder: string, writer: object | string, name = 'writer-0123456789abcdef.lock'): string {
  const path = join(folder, name);
  const since = '2026-01-02T03:04:05.000Z';
  const text =
    typeof writer === 'string'
      ? writer
      : JSON.stringify({ ...ownIdentity(), since, writes: true, ...writer });
  writeFileSync(path, text);
  return path;
}

test('one writer at a time; the next when it has let go', async () => {
  const folder = fresh();
  const first = await lockRun(folder);
  await expect(lockRun(folder)).rejects.toMatchObject({ code: 'locked' });
  first.check();
  first.release();
  expect(readdirSync(folder)).toEqual([]);
  (await lockRun(folder)).release();
});

test('of many that come at once exactly one writes, again and again', async () => {
  for (let round = 0; round < 5; round++) {
    const folder = fresh();
    const all = await Promise.allSettled(Array.from({ length: 6 }, () => lockRun(folder)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of all)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'locked' });
    expect(readdirSync(folder).filter(isLockName)).toHaveLength(1);
  }
});

test('the second is told who writes, since when, and what to do', async () => {
  const folder = fresh();
  leave(folder, {});
  const { pid, host } = ownIdentity();
  await expect(lockRun(folder)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringMatching(
      new RegExp(
        `process ${pid} on ${host}, since 2026-01-02T03:04:05[^]*hint: wait until it has ended, or .*kill ${pid}`,
      ),
    ),
  });
  expect(readdirSync(folder)).toHaveLength(1);
});

test.each([
  ['a process that is gone', { pid: spawnSync(process.execPath, ['-e', '']).pid }],
  [
    'a process whose number was used again',
    { started: ownIdentity().started.replace(/\d$/, (d) => String(9 - Number(d))) },
  ],
  ['one that had not begun to write', { pid: spawnSync(process.execPath, ['-e', '']).pid, writes: false }],
])('what %s left does not count, and is removed', async (_, writer) => {
  const folder = fresh();
  leave(folder, writer);
  const lock = await lockRun(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  lock.release();
});

test('a writer of another machine is believed, and how to overrule it is said', async () => {
  const folder = fresh();
  const path = leave(folder, { host: 'far.example' });
  await expect(lockRun(folder)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringMatching(new RegExp(`on far.example[^]*cannot be told from here.*remove ${path}`)),
  });
  rmSync(path);
  (await lockRun(folder)).release();
});

test.each(['', '{', 'null', '{"pid": "1"}'])(
  'a file that says %j is no permission to write',
  async (text) => {
    const folder = fresh();
    const path = leave(folder, text);
    await expect(lockRun(folder)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(path),
    });
  },
);

test('half a file of a process that was killed while it wrote it does not count', async () => {
  const folder = fresh();
  leave(folder, '{"pid"', '.writer-0123456789abcdef.lock.01234567-99999999-0123456789ab-1.tmp');
  (await lockRun(folder)).release();
});

test('a writer that was overruled, or whose run is gone, notices', async () => {
  const folder = fresh();
  const lock = await lockRun(folder);
  const [name] = readdirSync(folder);
  expect(JSON.parse(readFileSync(join(folder, name!), 'utf8'))).toMatchObject({
    pid: process.pid,
    writes: true,
  });
  rmSync(join(folder, name!));
  expect(() => lock.check()).toThrow(expect.objectContaining({ code: 'locked' }));
  rmSync(folder, { recursive: true });
  expect(() => lock.check()).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test('a process that ends by itself leaves no lock', async () => {
  const folder = fresh();
  const once = vi.spyOn(process, 'once');
  await lockRun(folder);
  const [, leaving] = once.mock.calls.find(([event]) => event === 'exit')!;
  (leaving as () => void)();
  expect(readdirSync(folder)).toEqual([]);
  once.mockRestore();
});
