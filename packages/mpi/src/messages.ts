// How the tensors of a step travel: the large ones as they lie, the small ones together.

/** Numbers that are summed over the ranks at once. */
export interface Message {
  readonly numbers: Float32Array;
  /** Puts the means of so many ranks where the numbers came from, once their sums are there. */
  arrived(size: number): void;
}

/** Numbers from which on a tensor is not copied to travel with others: 4 MiB. */
const LARGE = 1 << 20;
/** Numbers of small tensors in one message: 16 MiB. */
const TOGETHER = 1 << 22;
/** Numbers of one message at most, which MPI counts in 31 bits: 64 MiB. */
const MOST = 1 << 24;

/**
 * Returns what makes messages of tensors, the same ones for tensors of the same sizes. Their memory is used again for the next
 * tensors: one call is over before another one begins.
 */
export function messenger(): (tensors: readonly Float32Array[]) => Generator<Message, void> {
  let shared = new Float32Array(0);
  return function* (tensors) {
    for (const tensor of tensors) {
      if (tensor.length < LARGE) continue;
      for (let start = 0; start < tensor.length; start += MOST) {
        const numbers = tensor.subarray(start, start + MOST);
        yield { numbers, arrived: (size) => scale(numbers, 1 / size) };
      }
    }
    for (const pack of packsOf(tensors.filter(({ length }) => length > 0 && length < LARGE))) {
      const count = pack.reduce((sum, { length }) => sum + length, 0);
      if (shared.length < count) shared = new Float32Array(count);
      const numbers = shared.subarray(0, count);
      spread(pack, (tensor, at) => numbers.set(tensor, at));
      const arrived = (size: number): void => {
        scale(numbers, 1 / size);
        spread(pack, (tensor, at) => tensor.set(numbers.subarray(at, at + tensor.length)));
      };
      yield { numbers, arrived };
    }
  };
}

/** Small tensors in their order, as many together as a message takes. */
function packsOf(tensors: readonly Float32Array[]): readonly (readonly Float32Array[])[] {
  const packs: Float32Array[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    if (tensor.length > room) {
      packs.push([]);
      room = TOGETHER;
    }
    packs.at(-1)!.push(tensor);
    room -= tensor.length;
  }
  return packs;
}

/** Every tensor with the place of its first number among all of them. */
function spread(tensors: readonly Float32Array[], see: (tensor: Float32Array, at: number) => void): void {
  let at = 0;
  for (const tensor of tensors) {
    see(tensor, at);
    at += tensor.length;
  }
}

function scale(numbers: Float32Array, by: number): void {
  for (let i = 0; i < numbers.length; i++) numbers[i]! *= by;
}
