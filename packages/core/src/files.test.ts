import type * as fs from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readSafetensors, readWholeSync, writeFileAtomic, writeSafetensors } from './node.ts';

/** What the mocked disk refuses: a step of writing, and the code it fails with. */
const refusal = vi.hoisted(() => ({ step: '', code: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const failing = (step: string): void => {
    if (refusal.step === step)
      throw Object.assign(new Error(`${refusal.code}: refused`), { code: refusal.code });
  };
  return {
    ...real,
    async open(...args: Parameters<typeof real.open>) {
      const handle = await real.open(...args);
      if (args[1] === 'r') return handle;
      const { writeFile: write, sync } = handle;
      handle.writeFile = async (data) => {
        // A disk that fills up takes a part of the file first.
        if (refusal.step === 'write') await write.call(handle, (data as Uint8Array | string).slice(0, 3));
        failing('write');
        await write.call(handle, data);
      };
      handle.sync = async () => {
        failing('sync');
        await sync.call(handle);
      };
      return handle;
    },
    async rename(from: string, to: string) {
      failing('rename');
      await real.rename(from, to);
    },
  };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ma-net-files-'));
});
afterEach(async () => {
  refusal.step = '';
  await rm(folder, { recursive: true });
});

test('a file is read in pieces, however many that are', async () => {
  const path = join(folder, 'bytes');
  const bytes = Uint8Array.from({ length: 23 }, (_, i) => i);
  await writeFile(path, bytes);
  for (const piece of [undefined, 5, 23, 24]) expect(readWholeSync(path, piece)).toEqual(bytes);
  await writeFile(path, '');
  expect(readWholeSync(path)).toHaveLength(0);
  const notFound: unknown = expect.objectContaining({ code: 'not-found' });
  expect(() => readWholeSync(join(folder, 'none'))).toThrow(notFound);
});

describe('writeFileAtomic', () => {
  test('writes text and bytes, over what was there, and leaves nothing else', async () => {
    const path = join(folder, 'state');
    await writeFileAtomic(path, 'one');
    expect(await readFile(path, 'utf8')).toBe('one');
    await writeFileAtomic(path, Uint8Array.of(1, 2));
    expect([...(await readFile(path))]).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(['state']);
  });

  test('writes parts one after the other', async () => {
    const path = join(folder, 'state');
    await writeFileAtomic(path, [Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  });

  test('keeps one whole version when several write at once', async () => {
    const path = join(folder, 'state');
    const versions = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(versions.map((text) => writeFileAtomic(path, text)));
    expect(versions).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['state']);
  });

  test.each([
    ['write', 'ENOSPC'],
    ['sync', 'ENOSPC'],
    ['rename', 'EDQUOT'],
  ])('keeps the old file whole when the disk is full at %s', async (step, code) => {
    const path = join(folder, 'state');
    await writeFile(path, 'the old content');
    Object.assign(refusal, { step, code });
    await expect(writeFileAtomic(path, 'the new content')).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(path) as string,
    });
    expect(await readFile(path, 'utf8')).toBe('the old content');
    expect(await readdir(folder)).toEqual(['state']);
  });

  test('tells other failures too, and cleans up', async () => {
    Object.assign(refusal, { step: 'write', code: 'EIO' });
    await expect(writeFileAtomic(join(folder, 'state'), 'x')).rejects.toMatchObject({
      code: 'file-failed',
      cause: { code: 'EIO' },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('keeps the old content under a second name, but for a write that fails', async () => {
    const [path, keepAs] = [join(folder, 'state'), join(folder, 'before')];
    await writeFileAtomic(path, 'one', { keepAs });
    expect(await readdir(folder)).toEqual(['state']);
    await writeFileAtomic(path, 'two', { keepAs });
    await writeFileAtomic(path, 'three', { keepAs });
    Object.assign(refusal, { step: 'sync', code: 'ENOSPC' });
    await expect(writeFileAtomic(path, 'four', { keepAs })).rejects.toMatchObject({ code: 'disk-full' });
    refusal.step = '';
    expect(await readdir(folder)).toEqual(['before', 'state']);
    expect(await readFile(path, 'utf8')).toBe('three');
    expect(await readFile(keepAs, 'utf8')).toBe('two');
  });

  test('says that a folder is missing', async () => {
    const path = join(folder, 'none', 'state');
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('safetensors on disk', () => {
  const tensors = { x: { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) } } as const;

  test('come back as they went', async () => {
    const path = join(folder, 'weights.safetensors');
    await writeSafetensors(path, tensors, { step: '3' });
    const read = await readSafetensors(path);
    expect(read.metadata).toEqual({ step: '3' });
    expect([...read.tensors['x']!.data]).toEqual([1, 2]);
  });

  test('are checked as they are read', async () => {
    const path = join(folder, 'weights.safetensors');
    await writeSafetensors(path, tensors);
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 128;
    await writeFile(path, bytes);
    await expect(readSafetensors(path)).rejects.toThrow(/The tensor "x" is not as written/);
  });

  test('that cannot fit into memory are told, not tried in vain', async ({ skip }) => {
    // A file with a hole: nothing of its 8 TiB is on the disk.
    const path = join(folder, 'weights.safetensors');
    const size = 2 ** 43;
    const json = JSON.stringify({ x: { dtype: 'F32', shape: [size / 4], data_offsets: [0, size] } });
    const header = new Uint8Array(8 + json.length);
    new DataView(header.buffer).setBigUint64(0, BigInt(json.length), true);
    header.set(new TextEncoder().encode(json), 8);
    await writeFile(path, header);
    await truncate(path, header.length + size).catch(() => skip('the file system has no room for a hole'));
    await expect(readSafetensors(path)).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('8192.0 GiB') as string,
    });
  });

  test('are named in errors', async () => {
    const path = join(folder, 'weights.safetensors');
    await expect(readSafetensors(path)).rejects.toMatchObject({ code: 'not-found' });
    await writeFile(path, 'short');
    await expect(readSafetensors(path)).rejects.toThrow(`at ${path}`);
  });
});
