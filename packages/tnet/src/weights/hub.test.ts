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
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubOptions } from '../options.ts';
import { downloadWeights } from './hub.ts';

const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
let gitSum = '';
const sha256 = createHash('sha256').update(content).digest('hex');

let server: Server;
let folder: string;
let requests: string[];
let served: Buffer;
let announced: string | undefined;
let answer: ((response: ServerResponse) => void) | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'manet-hub-'));
  gitSum = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  [requests, served, announced, answer] = [[], content, sha256, undefined];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    if (request.url!.startsWith('/api/models/a/b/paths-info/')) {
      request.resume();
      const file = { path: 'model.safetensors', type: 'file', size: content.length, oid: gitSum };
      const lfs =
        announced === undefined ? {} : { lfs: { oid: announced, size: content.length, pointerSize: 134 } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify([{ ...file, ...lfs }]));
    } else if (answer !== undefined && request.headers.range !== 'bytes=0-0') {
      answer(response);
    } else if (request.url!.startsWith('/a/b/resolve/')) {
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      const start = Number(from ?? 0);
      const end = to === undefined || to === '' ? served.length - 1 : Math.min(Number(to), served.length - 1);
      response.writeHead(from === undefined ? 200 : 206, {
        etag: `"${announced ?? gitSum}"`,
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
  server.closeAllConnections();
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

  test('checks small files by the sum of git', async () => {
    announced = undefined;
    expect(readFileSync(await downloadWeights({ repo: 'a/b' }, options()))).toEqual(content);
    rmSync(cached(), { recursive: true });
    served = Buffer.from(content).fill(0, 7, 8);
    await expect(downloadWeights({ repo: 'a/b' }, options())).rejects.toThrow(/with the sum/);
  });

  test('takes no file without a sum', async () => {
    [announced, gitSum] = [undefined, ''];
    await expect(downloadWeights({ repo: 'a/b' }, options())).rejects.toThrow(/no size and sum/);
    expect(readdirSync(cached())).toEqual([]);
  });

  test('stops at the size that was announced, whatever else comes', async () => {
    let sent = 0;
    answer = (response) => {
      const more = (): void => {
        while (sent < 2 ** 30 && response.write(Buffer.alloc(2 ** 16, 7))) sent += 2 ** 16;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    await expect(downloadWeights({ repo: 'a/b' }, options())).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('more than the 5000 bytes') as string,
    });
    expect(readdirSync(cached())).toEqual([]);
    expect(sent).toBeLessThan(2 ** 26); // what lies in buffers between us and the server
  });

  test('gives up a server that falls silent, and goes on from there later', async () => {
    answer = (response) =>
      response.writeHead(200, { 'content-length': 5000 }).write(content.subarray(0, 1000));
    await expect(downloadWeights({ repo: 'a/b' }, options({ patience: 300 }))).rejects.toThrow(
      /nothing for 0.3 seconds/,
    );
    answer = undefined;
    expect(readFileSync(await downloadWeights({ repo: 'a/b' }, options()))).toEqual(content);
    expect(requests.at(-1)).toBe('GET /a/b/resolve/main/model.safetensors bytes=1000-4999');
  });

  test('gives up a server that never answers', async () => {
    const silent = options({ patience: 100, fetch: () => new Promise(() => undefined) });
    await expect(downloadWeights({ repo: 'a/b' }, silent)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('says what comes in place of a file', async () => {
    answer = (response) => response.end('<!DOCTYPE html><title>Please log in</title>'.padEnd(5000));
    await expect(downloadWeights({ repo: 'a/b' }, options())).rejects.toThrow(/looks like a page of HTML/);
    expect(readdirSync(cached())).toEqual([]);
  });

  test.each([
    ['a page', '<html>log in</html>', /answer cannot be used/],
    ['no list of files', '{}', /answer cannot be used|no file/],
    ['without end', `["${'x'.repeat(2 ** 21)}"]`, /more than the 1048576 bytes/],
  ])('says of an answer that is %s that it is none', async (_, body, message) => {
    const page: typeof fetch = () => Promise.resolve(new Response(body));
    const failing = downloadWeights({ repo: 'a/b' }, options({ fetch: page }));
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toMatchObject({ name: 'MaNetError' });
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
