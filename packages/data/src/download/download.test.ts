import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MaNetError, Rng } from '@ma-net/core';
import { packTar } from 'modern-tar';
import { afterEach, describe, expect, test } from 'vitest';
import { downloadDataSet, type PublishedSet } from './data-sets.ts';
import { download } from './download.ts';

const rng = Rng.fromSeed(1);
const bytes = Uint8Array.from({ length: 300_000 }, () => rng.integer(256));
const md5 = (of: Uint8Array) => createHash('md5').update(of).digest('hex');
const checksum = { algorithm: 'md5', hex: md5(bytes) } as const;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves `body`; each answer ends after so many bytes, as a line that breaks does. */
async function serve(
  body: Uint8Array,
  { breaks = Number.POSITIVE_INFINITY, ranges = true, status = 200 } = {},
): Promise<{ url: string; asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  server = createServer((request, response) => {
    const { range } = request.headers;
    asked.push(range);
    if (status !== 200) return response.writeHead(status).end();
    const from = ranges && range !== undefined ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    if (from >= body.length) return response.writeHead(416).end();
    const rest = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
    if (rest.length <= breaks) return response.end(rest);
    response.write(rest.subarray(0, breaks), () => setTimeout(() => response.destroy(), 50));
    return undefined;
  });
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/set.tar.gz`, asked };
}

const folder = () => mkdtemp(join(tmpdir(), 'download-'));

const refusal = async (act: Promise<unknown>): Promise<MaNetError> => {
  const error = await act.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof MaNetError) return error;
  throw new Error(`expected a refusal, found ${String(error)}`);
};

describe('a download', () => {
  test('is whole, tells how far it is, and is not done twice', async () => {
    const { url, asked } = await serve(bytes);
    const file = join(await folder(), 'deep', 'set.bin');
    const told: (number | undefined)[][] = [];
    expect(await download({ url, file, checksum, progress: (...of) => told.push(of) })).toBe(true);
    expect(new Uint8Array(await readFile(file))).toEqual(bytes);
    expect(told.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(told.every(([done], i) => i === 0 || done! > told[i - 1]![0]!)).toBe(true);
    expect(await download({ url, file, checksum })).toBe(false);
    expect(asked).toEqual([undefined]);
  });

  test('that breaks off goes on where it stopped', async () => {
    const { url, asked } = await serve(bytes, { breaks: 120_000 });
    const file = join(await folder(), 'set.bin');
    for (const expected of [120_000, 240_000]) {
      const error = await refusal(download({ url, file, checksum }));
      expect(error.code).toBe('interrupted');
      expect((await stat(`${file}.part`)).size).toBe(expected);
      await expect(stat(file)).rejects.toThrow();
    }
    expect(await download({ url, file, checksum })).toBe(true);
    expect(new Uint8Array(await readFile(file))).toEqual(bytes);
    expect(asked).toEqual([undefined, 'bytes=120000-', 'bytes=240000-']);
  });

  test('begins anew where the server cannot go on, and ends where all was there', async () => {
    const file = join(await folder(), 'set.bin');
    await writeFile(`${file}.part`, bytes.subarray(0, 1000));
    const { url } = await serve(bytes, { ranges: false });
    expect(await download({ url, file, checksum })).toBe(true);
    expect(new Uint8Array(await readFile(file))).toEqual(bytes);
    const other = join(await folder(), 'set.bin');
    await writeFile(`${other}.part`, bytes);
    server!.close();
    expect(await download({ url: (await serve(bytes)).url, file: other, checksum })).toBe(true);
  });

  test('of other bytes is refused and removed', async () => {
    const { url } = await serve(bytes.map((byte, i) => (i === 77 ? byte ^ 1 : byte)));
    const root = await folder();
    const error = await refusal(download({ url, file: join(root, 'set.bin'), checksum }));
    expect(error.code).toBe('bad-data');
    expect(error.message).toContain(checksum.hex);
    expect(await readdir(root)).toEqual([]);
    await writeFile(join(root, 'set.bin'), 'something of mine');
    const mine = await refusal(download({ url, file: join(root, 'set.bin'), checksum }));
    expect(mine.code).toBe('bad-data');
    expect(await readdir(root)).toEqual(['set.bin']);
  });

  test('from nowhere, or that is not there, says so', async () => {
    const file = join(await folder(), 'set.bin');
    const { url } = await serve(bytes, { status: 404 });
    expect((await refusal(download({ url, file, checksum }))).message).toContain('404');
    server!.close();
    server!.closeAllConnections();
    await new Promise((done) => setTimeout(done, 50));
    expect((await refusal(download({ url, file, checksum }))).code).toBe('not-found');
  });

  test('stops when it is told to, and keeps what it has', async () => {
    const { url } = await serve(bytes, { breaks: 100_000 });
    const file = join(await folder(), 'set.bin');
    const stop = new AbortController();
    const stopped = download({ url, file, checksum, signal: stop.signal, progress: () => stop.abort() });
    expect((await refusal(stopped)).code).toBe('interrupted');
    expect((await stat(`${file}.part`)).size).toBeGreaterThanOrEqual(0);
  });
});

describe('a published data set', () => {
  const setOf = (url: string, archive: Uint8Array, proof = 'test.bin'): Record<string, PublishedSet> => ({
    tiny: { url, md5: md5(archive), folder: 'tiny-bin', proof },
  });
  const archive = async () =>
    gzipSync(
      await packTar([
        { header: { name: 'tiny-bin/', size: 0, type: 'directory' as const } },
        { header: { name: 'tiny-bin/test.bin', size: 5, type: 'file' as const }, body: bytes.slice(0, 5) },
      ]),
    );

  test('is checked, unpacked, and its archive removed; a second time nothing is asked', async () => {
    const packed = await archive();
    const { url, asked } = await serve(packed);
    const root = await folder();
    const sets = setOf(url, packed);
    const target = await downloadDataSet('tiny', root, { sets });
    expect(target).toBe(join(root, 'tiny-bin'));
    expect(new Uint8Array(await readFile(join(target, 'test.bin')))).toEqual(bytes.slice(0, 5));
    expect(await readdir(root)).toEqual(['tiny-bin']);
    expect(await downloadDataSet('tiny', root, { sets })).toBe(target);
    expect(asked).toHaveLength(1);
  });

  test('of another name, or without what it should hold, is refused', async () => {
    const error = await refusal(downloadDataSet('cifar11', await folder()));
    expect(error.code).toBe('unknown-name');
    expect(error.message).toContain('cifar10');
    const packed = await archive();
    const { url } = await serve(packed);
    const sets = setOf(url, packed, 'train.bin');
    expect((await refusal(downloadDataSet('tiny', await folder(), { sets }))).code).toBe('bad-data');
  });

  test('that is no archive is refused', async () => {
    const { url } = await serve(bytes);
    const root = await folder();
    await mkdir(root, { recursive: true });
    expect((await refusal(downloadDataSet('tiny', root, { sets: setOf(url, bytes) }))).code).toBe('bad-data');
  });
});
