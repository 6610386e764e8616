// What a server sends is believed up to a size, and waited for up to a time.

import { MaNetError } from '@ma-net/core';

/** Milliseconds of silence after which a server is given up. */
export const PATIENCE = 30_000;

/** Whose stream is read, how long is waited for it, and who is told of it. */
export interface Reading {
  /** Names the source in errors. */
  readonly where: string;
  readonly patience: number;
  readonly onProgress: ((received: number, total: number) => void) | undefined;
}

/** The answer of a server. Throws `not-found` after `patience` milliseconds without one. */
export async function answered<T>(answer: Promise<T>, patience: number, where: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new MaNetError('not-found', `The server has sent nothing for ${patience / 1000} seconds.`, {
          where,
          hint: 'check the connection and run it again: a download of the hub goes on where it stopped.',
        }),
      );
    }, patience);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined); // If it fails after all, nobody waits for it any more.
  }
}

/**
 * The parts of a stream of at most `limit` bytes. Throws `bad-file` at the first part that goes beyond them, and
 * `not-found` after silence; the stream is closed then.
 */
export async function* partsOf(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  patience: number,
  where: string,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let received = 0;
  try {
    for (;;) {
      const { done, value } = await answered(reader.read(), patience, where);
      if (done) return;
      received += value.length;
      if (received > limit)
        throw new MaNetError('bad-file', `The server sends more than the ${limit} bytes that it announced.`, {
          where,
          hint: 'nothing was kept. Is this the file that was meant, and the server one that you trust?',
        });
      yield value;
    }
  } finally {
    // A stream that never answers would not answer to this either.
    void reader.cancel().catch(() => undefined);
  }
}
