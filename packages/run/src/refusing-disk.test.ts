// What a file system refuses while a run is made, continued and written: each is told with a code, and loses nothing.

import type * as fs from 'node:fs';
import type * as promises from 'node:fs/promises';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { continueRunDirectory, createRunDirectory } from './run-directory.ts';

/** What the mocked disk refuses: a call, and the code it fails with. */
const refusal = vi.hoisted(() => ({
  call: '',
  code: '',
  check(call: string): void {
    if (refusal.call !== call) return;
    const error = new Error(`${refusal.code}: refused, ${call}`);
    throw Object.assign(error, { code: refusal.code, syscall: call });
  },
}));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  return {
    ...real,
    async mkdir(path: string) {
      refusal.check('mkdir');
      await real.mkdir(path);
    },
    async open(...args: Parameters<typeof real.open>) {
      if (args[1] !== 'r') refusal.check('open');
      return real.open(...args);
    },
    async rename(from: string, to: string) {
      refusal.check('rename');
      await real.rename(from, to);
    },
  };
});

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    appendFileSync(...args: Parameters<typeof real.appendFileSync>) {
      refusal.check('append');
      real.appendFileSync(...args);
    },
  };
});

afterEach(() => {
  refusal.call = '';
});

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'ma-net-refusing-')), 'run');
const CODES = [
  ['EROFS', 'no-access'],
  ['EACCES', 'no-access'],
  ['EMFILE', 'file-failed'],
  ['EIO', 'file-failed'],
  ['ENOSPC', 'disk-full'],
] as const;

test.each(CODES)('%s where a run is to be made', async (code, told) => {
  for (const call of ['mkdir', 'open', 'rename']) {
    Object.assign(refusal, { call, code });
    await expect(createRunDirectory(fresh(), {}, {})).rejects.toMatchObject({ code: told });
  }
});

test.each(CODES)('%s where a run is to go on', async (code, told) => {
  const path = fresh();
  (await createRunDirectory(path, {}, {})).close();
  const before = readdirSync(path);
  for (const call of ['open', 'rename']) {
    Object.assign(refusal, { call, code });
    await expect(continueRunDirectory(path)).rejects.toMatchObject({ code: told });
  }
  expect(readdirSync(path)).toEqual(before);
});

test.each(CODES)('%s in the middle of a run', async (code, told) => {
  const path = fresh();
  const run = await createRunDirectory(path, {}, {});
  await run.saveCheckpoint(Uint8Array.of(1));
  const before = readdirSync(path);
  for (const call of ['open', 'rename']) {
    Object.assign(refusal, { call, code });
    await expect(run.saveCheckpoint(Uint8Array.of(2))).rejects.toMatchObject({ code: told });
  }
  Object.assign(refusal, { call: 'append', code });
  const event = { type: 'evaluation', step: 1, set: 'test', measures: {} } as const;
  expect(() => run.log(event)).toThrow(expect.objectContaining({ code: told }));
  expect(readdirSync(path)).toEqual(before);
  expect(readFileSync(join(path, 'checkpoint.safetensors'))).toEqual(Buffer.from([1]));
});
