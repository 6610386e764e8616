// The ranks of this job: what a training needs of MPI, on tensors.

import { MaNetError, type Params, type Ranks } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { meanInStep, useForMeans } from './in-step.ts';
import type { Launched } from './launched.ts';
import { type Library, type NativeBuffer, nativeBuffer, openLibrary } from './library.ts';

export interface MpiRanks extends Ranks {
  /** Which MPI, and from which file. */
  readonly about: string;
  /** Leaves the job in peace. All ranks call it. */
  close(): void;
  /** Ends all ranks at once, with an exit code. */
  abort(code: number): void;
}

/** float32 numbers of one message: 64 MiB. */
const MESSAGE = 1 << 24;

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
  const [buffer, inStep, mine, all] = [growing(), growing(), growing(), growing()];

  const meanOf = async (values: Float32Array): Promise<Float32Array> => {
    const most = Math.min(values.length, MESSAGE);
    const native = buffer.of(4 * most);
    const numbers = new Float32Array(native.bytes.buffer, native.bytes.byteOffset, most);
    const means = new Float32Array(values.length);
    for (let start = 0; start < values.length; start += MESSAGE) {
      const part = values.subarray(start, start + MESSAGE);
      numbers.set(part);
      await library.sum(native, part.length);
      means.set(numbers.subarray(0, part.length), start);
    }
    return means;
  };
  useForMeans((values) => {
    const native = inStep.of(4 * values.length);
    const numbers = new Float32Array(native.bytes.buffer, native.bytes.byteOffset, values.length);
    numbers.set(values);
    library.sumNow(native, values.length);
    return numbers.map((x) => x / size);
  });

  const gathered = async (own: Uint8Array): Promise<readonly Uint8Array[]> => {
    const [from, to] = [mine.of(own.length), all.of(own.length * size)];
    from.bytes.set(own);
    await library.gather(from, to, own.length);
    const copy = to.bytes.slice(0, own.length * size);
    return Array.from({ length: size }, (_, r) => copy.subarray(r * own.length, (r + 1) * own.length));
  };

  return {
    rank: library.rank,
    size,
    about: library.about,
    async mean(tensors) {
      const names = Object.keys(tensors);
      refuseOthers(tensors);
      if (names.length === 0) return {};
      const flat = tf.tidy(() => tf.concat(names.map((name) => tf.reshape(tensors[name]!, [-1]))));
      const values = (await flat.data()) as Float32Array;
      flat.dispose();
      const sums = await meanOf(values);
      return tf.tidy(() => {
        const scaled = tf.div(tf.tensor1d(sums), size);
        const parts = tf.split(
          scaled,
          names.map((name) => tensors[name]!.size),
        );
        const own = names.map((name, i) => [name, tf.reshape(parts[i]!, tensors[name]!.shape)] as const);
        return Object.fromEntries(own) as tf.TensorContainerObject;
      }) as unknown as Params;
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
      const length = mine.of(8);
      const view = new DataView(length.bytes.buffer, length.bytes.byteOffset);
      if (library.rank === 0) view.setFloat64(0, bytes!.length, true);
      await library.broadcast(length, 8, 0);
      const whole = new Uint8Array(view.getFloat64(0, true));
      if (library.rank === 0) whole.set(bytes!);
      const most = 4 * MESSAGE;
      const native = buffer.of(Math.min(most, whole.length));
      for (let start = 0; start < whole.length; start += most) {
        const part = whole.subarray(start, start + most);
        if (library.rank === 0) native.bytes.set(part);
        await library.broadcast(native, part.length, 0);
        part.set(native.bytes.subarray(0, part.length));
      }
      return whole;
    },
    close: () => leave(() => library.finalize()),
    abort: (code) => leave(() => library.abort(code)),
  };
}

/** A buffer that is made anew when more is asked for. */
function growing(): { of(bytes: number): NativeBuffer } {
  let held: NativeBuffer | undefined;
  return {
    of(bytes) {
      if (held === undefined || held.bytes.length < bytes) {
        held?.free();
        held = nativeBuffer(bytes);
      }
      return held;
    },
  };
}

function refuseOthers(tensors: Params): void {
  const other = Object.entries(tensors).find(([, { dtype }]) => dtype !== 'float32');
  if (other === undefined) return;
  throw new MaNetError('bad-argument', `Ranks average float32 numbers; "${other[0]}" is ${other[1].dtype}.`, {
    where: other[0],
    hint: 'give gradients, statistics and terms as float32.',
  });
}
