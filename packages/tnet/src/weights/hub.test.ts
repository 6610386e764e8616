// A hub of our own on the loopback interface: the two requests that the official client makes for a file.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubOptions } from '../options.ts';
import { downloadWeights } from './hub.ts';

const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const sha256 = createHash('sha256').update(content).digest('hex');

let server: Server;
let folder: string;
let requests: string[];
let served: Buffer;
let announced: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manet-hub-'));
  [requests, served, announced] = [[], content, sha256];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    if (request.url!.startsWith('/api/models/a/b/paths-info/')) {
      request.resume();
      const file = { path: 'model.safetensors', type: 'file', size: content.length, oid: '0'.repeat(40) };
      const lfs = { oid: announced, size: content.length, pointerSize: 134 };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify([{ ...file, lfs }]));
    } else if (request.url!.startsWith('/a/b/resolve/')) {
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      const start = Number(from ?? 0);
      const end = to === undefined || to === '' ? served.length - 1 : Math.min(Number(to), served.length - 1);
      response.writeHead(from === undefined ? 200 : 206, {
        etag: `"${announced}"`,
        'content-range': `bytes ${start}-${end}/${served.length}`,
        'content-length': end - start + 1,
      });
      response.end(served.subarray(start, end + 1));
    } else {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":"Repository not found"}');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const options = (more: HubOptions = {}): HubOptions => ({
  hubUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  cacheDir: folder,
  ...more,
});
const cached = (): string => join(folder, 'a--b', 'main');

describe('downloadWeights', () => {
  test('fetches a file once, reporting how far it is', async () => {
    const progress: [number, number][] = [];
    const path = await downloadWeights(
      { repo: 'a/b' },
      options({ onProgress: (received, total) => progress.push([received, total]) }),
    );
    expect(readFileSync(path)).toEqual(content);
    expect(progress.at(-1)).toEqual([5000, 5000]);
    expect(progress.every(([received], i) => received > (progress[i - 1]?.[0] ?? 0))).toBe(true);
    expect(readdirSync(cached())).toEqual(['model.safetensors']);

    requests = [];
    expect(await downloadWeights({ repo: 'a/b' }, options())).toBe(path);
    expect(requests).toEqual([]);
  });

  test('continues where an interrupted download stopped', async () => {
    mkdirSync(cached(), { recursive: true });
    writeFileSync(join(cached(), `model.safetensors.${sha256.slice(0, 12)}.part`), content.subarray(0, 3000));
    const path = await downloadWeights({ repo: 'a/b' }, options());
    expect(readFileSync(path)).toEqual(content);
    expect(requests.at(-1)).toBe('GET /a/b/resolve/main/model.safetensors bytes=3000-4999');
  });

  test('keeps nothing of a file with another sum', async () => {
    served = Buffer.from(content).fill(0, 7, 8);
    await expect(downloadWeights({ repo: 'a/b' }, options())).rejects.toMatchObject({ code: 'bad-file' });
    expect(readdirSync(cached())).toEqual([]);
  });

  test('a repository that does not exist is said to be so', async () => {
    await expect(downloadWeights({ repo: 'a/c' }, options())).rejects.toMatchObject({ code: 'not-found' });
    await expect(downloadWeights({ repo: 'a/c' }, options())).rejects.toThrow(/The hub refuses: 404/);
    expect(existsSync(join(folder, 'a--c'))).toBe(false);
  });

  test('no connection is said to be so', async () => {
    const offline = options({ fetch: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(downloadWeights({ repo: 'a/b' }, offline)).rejects.toThrow(
      /cannot be reached: fetch failed/,
    );
  });

  test.each(['../b', 'a/..', 'a/b?x', ''])('refuses the repository "%s"', async (repo) => {
    await expect(downloadWeights({ repo }, options())).rejects.toMatchObject({ code: 'bad-argument' });
    expect(requests).toEqual([]);
  });
});
