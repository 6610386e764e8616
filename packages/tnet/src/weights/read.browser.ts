// Weight files where there is no disk: from an address, or of the hub.

import { decodeSafetensors, MaNetError, sha256 } from '@ma-net/core';
import type { HubOptions } from '../options.ts';
import { answered, PATIENCE, partsOf, type Reading } from './patience.ts';
import { repoOf } from './published.ts';
import type { ReadWeights } from './read.ts';

/** The tensors of a file, where `weights` is its address, `hub` or `hub:owner/name`, and where they were found. */
export async function readWeights(
  name: string,
  weights: string,
  {
    hubUrl = 'https://huggingface.co',
    accessToken,
    onProgress,
    patience = PATIENCE,
    fetch: get = fetch,
  }: HubOptions = {},
): Promise<ReadWeights> {
  const repo = repoOf(name, weights);
  const where = repo === undefined ? weights : `${hubUrl}/${repo}/resolve/main/model.safetensors`;
  const secret =
    repo === undefined || accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const response = await answered(get(where, { headers: secret }), patience, where).catch(
    (cause: unknown) => {
      if (cause instanceof MaNetError) throw cause;
      throw new MaNetError('not-found', `The weights cannot be reached: ${String(cause)}.`, {
        where,
        hint: 'check the address and the connection; another server than the page’s has to allow it (CORS).',
        cause,
      });
    },
  );
  if (!response.ok) {
    throw new MaNetError('not-found', `The server refuses: ${response.status} ${response.statusText}.`, {
      where,
      hint: 'check the address, and pass an access token if it is not public.',
    });
  }
  const bytes = await bytesOf(response, { where, patience, onProgress });
  // The hub names the SHA-256 of large files, and lets pages of other servers read it.
  const [sum] = /[0-9a-f]{64}/.exec(response.headers.get('x-linked-etag') ?? '') ?? [];
  if (repo !== undefined && sum !== undefined && sha256([bytes]) !== sum) {
    throw new MaNetError('bad-file', `The download has another SHA-256 than the ${sum} of the hub.`, {
      where,
      hint: 'download it again.',
    });
  }
  const { tensors, verified } = decodeSafetensors(bytes, where);
  return { tensors, where, verified: verified || (repo !== undefined && sum !== undefined) };
}

async function bytesOf(response: Response, { where, patience, onProgress }: Reading): Promise<Uint8Array> {
  // What was compressed on its way is longer than its announced length.
  const announced =
    response.headers.get('content-encoding') === null && response.headers.get('content-length');
  const total = typeof announced === 'string' ? Number(announced) : Number.POSITIVE_INFINITY;
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const part of partsOf(response.body!, total, patience, where)) {
    parts.push(part);
    received += part.length;
    onProgress?.(received, Number.isFinite(total) ? total : received);
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
