import { encodeSafetensors } from '@ma-net/core';
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
});
