// Weight files where there is no disk: from an address, or of the hub.

import { decodeSafetensors, MaNetError } from '@ma-net/core';
import type { HubOptions } from '../options.ts';
import { repoOf } from './published.ts';
import type { HostTensors } from './rules.ts';

/** The tensors of a file, where `weights` is its address, `hub` or `hub:owner/name`, and where they were found. */
export async function readWeights(
  name: string,
  weights: string,
  { hubUrl = 'https://huggingface.co', accessToken, onProgress, fetch: get = fetch }: HubOptions = {},
): Promise<{ readonly tensors: HostTensors; readonly where: string }> {
  const repo = repoOf(name, weights);
  const where = repo === undefined ? weights : `${hubUrl}/${repo}/resolve/main/model.safetensors`;
  const secret =
    repo === undefined || accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const response = await get(where, { headers: secret }).catch((cause: unknown) => {
    throw new MaNetError('not-found', `The weights cannot be reached: ${String(cause)}.`, {
      where,
      hint: 'check the address and the connection; another server than the page’s has to allow it (CORS).',
      cause,
    });
  });
  if (!response.ok) {
    throw new MaNetError('not-found', `The server refuses: ${response.status} ${response.statusText}.`, {
      where,
      hint: 'check the address, and pass an access token if it is not public.',
    });
  }
  return { tensors: decodeSafetensors(await bytesOf(response, onProgress), where).tensors, where };
}

async function bytesOf(response: Response, onProgress: HubOptions['onProgress']): Promise<Uint8Array> {
  const total = Number(response.headers.get('content-length') ?? Number.NaN);
  const chunks: Uint8Array[] = [];
  let received = 0;
  for (const reader = response.body!.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    received += value.length;
    onProgress?.(received, Math.max(received, total));
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
