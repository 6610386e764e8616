// Runs in a worker thread: makes batches for a pool.

import { type Collate, type Collated, type ErrorCode, MaNetError, type Remote, Rng } from '@ma-net/core';
import { Tinypool } from 'tinypool';
import type { Job } from '../batches/source.ts';

/** A batch, or what went wrong: a thread cannot throw an error of ours, only a copy of its words. */
export type Answer =
  | { readonly batch: Collated }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string } };

let made: Promise<Collate<unknown>> | undefined;

async function open({ module, name, options }: Remote): Promise<Collate<unknown>> {
  const makers = (await import(module)) as Record<string, (options: unknown) => Collate<unknown>>;
  return makers[name]!(options);
}

export default async function work({ samples, bucket, rng, places }: Job<unknown>): Promise<unknown> {
  try {
    made ??= open(Tinypool.workerData as Remote);
    const batch = await (await made).batch(samples, bucket, Rng.fromState(rng), places);
    const buffers = Object.values(batch.tensors).map(({ data }) => data.buffer as ArrayBuffer);
    return moved({ batch } satisfies Answer, buffers);
  } catch (error) {
    if (!(error instanceof MaNetError)) throw error;
    return { refused: { code: error.code, message: error.message } } satisfies Answer;
  }
}

/** Hands the buffers over instead of copying them. */
function moved(value: Answer, buffers: ArrayBuffer[]): unknown {
  return Tinypool.move({
    get [Tinypool.transferableSymbol]() {
      return buffers;
    },
    get [Tinypool.valueSymbol]() {
      return value;
    },
  } as never);
}
