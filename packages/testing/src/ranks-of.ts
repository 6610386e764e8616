// Ranks without a launcher.

import type { Params, Ranks } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** Ranks of one thread: whoever comes last computes for all. */
export function ranksOf(size: number): Ranks[] {
  /** All ranks meet here; each gets what `make` returns for it. */
  const meeting = <In, Out>(
    make: (given: readonly In[], rank: number) => Out,
  ): ((rank: number, x: In) => Promise<Out>) => {
    let waiting: { rank: number; x: In; done: (out: Out) => void }[] = [];
    return (rank, x) =>
      new Promise((done) => {
        waiting.push({ rank, x, done });
        if (waiting.length < size) return;
        const met = waiting.toSorted((p, q) => p.rank - q.rank);
        waiting = [];
        const outs = met.map((one) =>
          make(
            met.map(({ x: given }) => given),
            one.rank,
          ),
        );
        met.forEach((one, i) => one.done(outs[i]!));
      });
  };
  const mean = meeting<Params, Params>((all) =>
    Object.fromEntries(
      Object.keys(all[0]!).map((name) => [
        name,
        tf.tidy(() => tf.div(tf.addN(all.map((tensors) => tensors[name]!)), size)),
      ]),
    ),
  );
  const gather = meeting<string, readonly string[]>((all) => all);
  const broadcast = meeting<Uint8Array | undefined, Uint8Array>(([first]) => first!);
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    mean: (tensors) => mean(rank, tensors),
    meanInStep: () => {
      throw new Error('nobody asks for it here');
    },
    gather: (words) => gather(rank, words),
    broadcast: (bytes) => broadcast(rank, bytes),
  }));
}
