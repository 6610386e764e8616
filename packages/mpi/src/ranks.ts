// The ranks of this job: what a training needs of MPI, on tensors.

import { MaNetError, type Params, type Ranks } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Means, meanInStep, meansInStep, useForMeans } from './in-step.ts';
import type { Launched } from './launched.ts';
import { type Library, openLibrary } from './library.ts';
import { messenger } from './messages.ts';

export interface MpiRanks extends Ranks {
  /** Which MPI, and from which file. */
  readonly about: string;
  /** Leaves the job in peace. All ranks call it. */
  close(): void;
  /** Ends all ranks at once, with an exit code. */
  abort(code: number): void;
}

/** Numbers below which a message is there before another thread would begin to wait for it. */
const SHORT = 1 << 16;

/** Bytes of one broadcast at most: 64 MiB. */
const MESSAGE = 1 << 26;

/**
 * Joins the ranks that a launcher started. A process that ends without `close` takes the others with it, so that none
 * waits for it forever. Throws `not-found` where there is no MPI, and `backend-failed` where it is not the launcher's.
 */
export function openRanks({ size }: Launched, library: Library = openLibrary()): MpiRanks {
  if (library.size !== size) {
    throw new MaNetError(
      'backend-failed',
      `The launcher started ${size} ranks, and ${library.about} sees ${library.size}.`,
      {
        where: 'MA_NET_MPI',
        hint: 'the library is of another MPI than the launcher: name the right libmpi in MA_NET_MPI.',
      },
    );
  }
  let open = true;
  const leave = (how: () => void): void => {
    if (!open) return;
    open = false;
    how();
  };
  process.once('exit', (code) => leave(() => library.abort(code === 0 ? 1 : code)));
  const messagesOf = messenger();
  const means: Means = {
    now(values) {
      for (const message of messagesOf(values)) {
        library.sumNow(message.numbers);
        message.arrived(size);
      }
    },
    async later(values) {
      for (const message of messagesOf(values)) {
        if (message.numbers.length < SHORT) library.sumNow(message.numbers);
        else await library.sum(message.numbers);
        message.arrived(size);
      }
    },
  };
  useForMeans(means);

  const gathered = async (own: Uint8Array): Promise<readonly Uint8Array[]> => {
    const all = new Uint8Array(own.length * size);
    await library.gather(own, all);
    return Array.from({ length: size }, (_, r) => all.subarray(r * own.length, (r + 1) * own.length));
  };

  return {
    rank: library.rank,
    size,
    about: library.about,
    async mean(tensors) {
      const names = Object.keys(tensors);
      refuseOthers(tensors);
      if (names.length === 0) return {};
      const given = names.map((name) => tensors[name]!);
      const own = meansInStep(given) ?? (await throughHost(given, means));
      return Object.fromEntries(names.map((name, i) => [name, own[i]!]));
    },
    meanInStep,
    async gather(words) {
      const text = new TextEncoder().encode(words);
      const lengths = await gathered(new Uint8Array(Uint32Array.of(text.length).buffer));
      const each = lengths.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
      const padded = new Uint8Array(Math.max(...each, 1));
      padded.set(text);
      const all = await gathered(padded);
      return all.map((bytes, rank) => new TextDecoder().decode(bytes.subarray(0, each[rank])));
    },
    async broadcast(bytes) {
      const length = new Float64Array(1);
      if (library.rank === 0) length[0] = bytes!.length;
      await library.broadcast(new Uint8Array(length.buffer), 0);
      const whole = library.rank === 0 ? Uint8Array.from(bytes!) : new Uint8Array(length[0]!);
      for (let start = 0; start < whole.length; start += MESSAGE)
        await library.broadcast(whole.subarray(start, start + MESSAGE), 0);
      return whole;
    },
    close: () => leave(() => library.finalize()),
    abort: (code) => leave(() => library.abort(code)),
  };
}

/** Means of tensors of a backend that does not compute on the host. */
async function throughHost(tensors: readonly tf.Tensor[], { later }: Means): Promise<readonly tf.Tensor[]> {
  const values = await Promise.all(
    tensors.map(async (tensor) => Float32Array.from((await tensor.data()) as Float32Array)),
  );
  await later(values);
  return tensors.map(({ shape }, i) => tf.tensor(values[i]!, shape));
}

function refuseOthers(tensors: Params): void {
  const other = Object.entries(tensors).find(([, { dtype }]) => dtype !== 'float32');
  if (other === undefined) return;
  throw new MaNetError('bad-argument', `Ranks average float32 numbers; "${other[0]}" is ${other[1].dtype}.`, {
    where: other[0],
    hint: 'give gradients, statistics and terms as float32.',
  });
}
