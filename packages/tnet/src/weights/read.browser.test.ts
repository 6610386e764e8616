import { encodeSafetensors, sha256 } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { readWeights } from './read.browser.ts';

const tensors = {
  'fc.weight': { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) },
} as const;

describe('weights in a browser', () => {
  const bytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(encodeSafetensors(tensors));
  const answer =
    (response: Response, asked: Request[] = []): typeof fetch =>
    (input, init) => {
      asked.push(new Request(input, init));
      return Promise.resolve(response);
    };

  test('come from an address, with progress', async () => {
    const seen: [number, number][] = [];
    const response = new Response(bytes(), { headers: { 'content-length': String(bytes().length) } });
    const found = await readWeights('vit-test', 'https://example.org/model.safetensors', {
      fetch: answer(response),
      onProgress: (received, total) => seen.push([received, total]),
      accessToken: 'secret',
    });
    expect(found.tensors).toEqual(tensors);
    expect(found.where).toBe('https://example.org/model.safetensors');
    expect(seen.at(-1)).toEqual([bytes().length, bytes().length]);
  });

  test('come from the hub, which alone is shown the access token', async () => {
    const asked: Request[] = [];
    const hub = (): { fetch: typeof fetch; accessToken: string } => ({
      fetch: answer(new Response(bytes()), asked),
      accessToken: 'secret',
    });
    await readWeights('resnet18', 'hub', hub());
    await readWeights('resnet18', 'hub:me/mine', hub());
    await readWeights('resnet18', 'https://example.org/mine', hub());
    expect(asked.map(({ url }) => url)).toEqual([
      'https://huggingface.co/timm/resnet18.tv_in1k/resolve/main/model.safetensors',
      'https://huggingface.co/me/mine/resolve/main/model.safetensors',
      'https://example.org/mine',
    ]);
    expect(asked.map(({ headers }) => headers.get('authorization'))).toEqual([
      'Bearer secret',
      'Bearer secret',
      null,
    ]);
  });

  test('that are not there, or cannot be reached, are not found', async () => {
    const refused = answer(new Response('', { status: 404, statusText: 'Not Found' }));
    await expect(readWeights('resnet18', 'hub', { fetch: refused })).rejects.toThrow(/404 Not Found/);
    const offline = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
    await expect(readWeights('resnet18', 'hub', { fetch: offline })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('end at the length that was announced, and after silence', async () => {
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1000)) });
    const headers = { 'content-length': '5000' };
    const reading = readWeights('resnet18', 'https://example.org/x', {
      fetch: answer(new Response(endless(), { headers })),
    });
    await expect(reading).rejects.toThrow(/more than the 5000 bytes/);
    const silent = readWeights('resnet18', 'https://example.org/x', {
      fetch: answer(new Response(new ReadableStream(), { headers })),
      patience: 50,
    });
    await expect(silent).rejects.toThrow(/nothing for 0.05 seconds/);
  });

  test('of the hub are compared with the sum that it names', async () => {
    const read = (etag: string): ReturnType<typeof readWeights> =>
      readWeights('resnet18', 'hub', {
        fetch: answer(new Response(bytes(), { headers: { 'x-linked-etag': etag } })),
      });
    expect((await read(`"${sha256([bytes()])}"`)).verified).toBe(true);
    await expect(read(`"${'0'.repeat(64)}"`)).rejects.toMatchObject({ code: 'bad-file' });
  });

  test('that are a page are told as one', async () => {
    const page = answer(new Response('<!doctype html>'));
    await expect(readWeights('resnet18', 'hub', { fetch: page })).rejects.toThrow(
      /looks like a page of HTML/,
    );
  });
});
