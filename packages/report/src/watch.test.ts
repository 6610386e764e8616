import { appendFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { all, parsed } from '../test/parsed.ts';
import { lines, writeRun } from '../test/run-files.ts';
import { type Watching, watchRun } from './watch.ts';

const path = writeRun({ lines: lines.slice(0, 5) });
writeFileSync(join(path, 'secret.txt'), 'secret');
let watching: Watching;
beforeAll(async () => {
  watching = await watchRun(path, { port: 0, every: 20 });
});
afterAll(() => watching.close());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Asks as no browser would: the path as it is, and any headers. */
function ask(
  target: string,
  options: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port, host } = new URL(watching.url);
  return new Promise((done, fail) => {
    const sent = request(
      { host: '127.0.0.1', port, path: target, headers: { host }, ...options },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += String(chunk)));
        response.on('end', () => done({ status: response.statusCode, body, headers: response.headers }));
      },
    );
    sent.on('error', fail);
    sent.end();
  });
}

const host = (name: string): Record<string, string> => ({ host: name });

test('serves the page of the run on the loopback interface', async () => {
  expect(watching.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const { status, body, headers } = await ask('/');
  expect(status).toBe(200);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  const page = parsed(body);
  expect(page.textContent).toContain('digits, ma-net, seed 0');
  expect(all(page, 'figure').map((figure) => figure.getAttribute('id'))).toContain('term-loss');
});

describe('refuses', () => {
  test.each([
    '/metrics.jsonl',
    '/secret.txt',
    '/../recipe.json',
    '/..%2frecipe.json',
    '//etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/index.html',
    '/?x',
    '*',
  ])('%s, which is no file of its', async (target) => {
    const { status, body } = await ask(target);
    expect(status).toBe(404);
    expect(body).not.toMatch(/secret|root:|"name"/);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example'])(
    'whoever calls this machine "%s"',
    async (name) => {
      expect(await ask('/', { headers: host(name) })).toMatchObject({ status: 403 });
      expect(await ask('/events', { headers: host(name) })).toMatchObject({ status: 403 });
    },
  );

  test('what pages of other places ask for', async () => {
    const own = new URL(watching.url).host;
    for (const site of ['cross-site', 'same-site'])
      expect(await ask('/', { headers: { host: own, 'sec-fetch-site': site } })).toMatchObject({
        status: 403,
      });
    expect(await ask('/', { headers: { host: own, 'sec-fetch-site': 'none' } })).toMatchObject({
      status: 200,
    });
    expect(await ask('/', { headers: { host: own.replace('127.0.0.1', 'localhost') } })).toMatchObject({
      status: 200,
    });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    expect(await ask('/', { method })).toMatchObject({ status: 405 });
  });
});

test('tells what changes, when it changes, and never changes anything itself', async () => {
  const before = readdirSync(path);
  const stream = await fetch(`${watching.url}events`);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ status: string; figures: { id: string; svg: string }[] }> => {
    while (!text.includes('\n\n')) {
      const { value } = await reader.read();
      text += value;
    }
    const end = text.indexOf('\n\n');
    const event = text.slice('data: '.length, end);
    text = text.slice(end + 2);
    return JSON.parse(event) as never;
  };
  const first = await next();
  expect(first.status).toContain('4 mini-batches');
  const more = lines.slice(5).map((line) => `${JSON.stringify(line)}\n`);
  appendFileSync(join(path, 'metrics.jsonl'), more.join(''));
  const second = await next();
  expect(second.status).toContain('8 mini-batches');
  expect(second.figures.map(({ id }) => id)).toEqual(expect.arrayContaining(['kept', 'rounds-0']));
  const loss = (of: typeof first): string => of.figures.find(({ id }) => id === 'term-loss')!.svg;
  expect(loss(second)).not.toBe(loss(first));
  // A run that is gone leaves what was seen of it.
  renameSync(join(path, 'recipe.json'), join(path, 'away.json'));
  appendFileSync(join(path, 'metrics.jsonl'), '\n');
  const third = await next();
  expect(third.status).toContain('is not a run');
  expect(third.figures).toEqual(second.figures);
  renameSync(join(path, 'away.json'), join(path, 'recipe.json'));
  await reader.cancel();
  expect(readdirSync(path)).toEqual(before);
});

test('refuses what is no run, and a port that is taken', async () => {
  await expect(watchRun('/nowhere', { port: 0 })).rejects.toMatchObject({ code: 'not-found' });
  const port = Number(new URL(watching.url).port);
  await expect(watchRun(path, { port })).rejects.toMatchObject({ code: 'bad-argument' });
});

test('closes while pages look', async () => {
  const other = writeRun();
  const one = await watchRun(other, { port: 0, every: 20 });
  const stream = await fetch(`${one.url}events`);
  await one.close();
  await expect(stream.text()).rejects.toThrow();
  await expect(fetch(one.url)).rejects.toThrow();
  rmSync(other, { recursive: true });
});
