// Seeded, splittable random numbers: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random
// numbers: as easy as 1, 2, 3"). A generator is a key and a position, so its state is three numbers, and a
// child's stream depends only on the parent's key and the child's label, never on what was drawn before.

import { MaNetError } from './errors.ts';

/** Everything a generator is; plain numbers, so it can be written as JSON. */
export interface RngState {
  readonly key: readonly [number, number];
  readonly position: number;
}

export class Rng {
  readonly #key: readonly [number, number];
  #position: number;
  #blockIndex = -1;
  #block: readonly [number, number] = [0, 0];

  private constructor({ key, position }: RngState) {
    this.#key = key;
    this.#position = position;
  }

  /** A generator for an integer seed of up to 53 bits. */
  static fromSeed(seed: number): Rng {
    return new Rng({ key: [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0], position: 0 });
  }

  static fromState(state: RngState): Rng {
    if (!isState(state)) {
      throw new MaNetError('bad-file', 'This is no state of a random generator.', {
        hint: 'the file that it was read from is damaged: restore it, or start again.',
      });
    }
    return new Rng(state);
  }

  state(): RngState {
    return { key: this.#key, position: this.#position };
  }

  /** The independent child called `label`. The parent does not move. */
  split(label: string | number): Rng {
    const text = String(label);
    // The top bit keeps children's counters apart from the parent's own stream.
    const counter = [fnv1a(text, 0x811c9dc5), (fnv1a(text, 0x9747b28c) | 0x80000000) >>> 0] as const;
    return new Rng({ key: threefry2x32(this.#key, counter), position: 0 });
  }

  /** A whole number, 0 <= n < 2^32. */
  uint32(): number {
    const index = Math.floor(this.#position / 2);
    if (index !== this.#blockIndex) {
      this.#block = threefry2x32(this.#key, [index >>> 0, Math.floor(index / 2 ** 32)]);
      this.#blockIndex = index;
    }
    return this.#block[this.#position++ % 2]!;
  }

  /** A number, 0 <= x < 1, with 32 random bits. */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number, 0 <= n < `below`, without bias. */
  integer(below: number): number {
    if (!Number.isInteger(below) || below < 1 || below > 2 ** 32) {
      throw new MaNetError('bad-argument', `Cannot draw a whole number below ${below}.`, {
        hint: 'ask for a whole bound from 1 to 2^32.',
      });
    }
    const limit = 2 ** 32 - (2 ** 32 % below);
    let n = this.uint32();
    while (n >= limit) n = this.uint32();
    return n % below;
  }

  /** `count` numbers, uniform between `low` and `high`. */
  uniforms(count: number, low: number, high: number): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.uniform());
  }

  /** `count` normal numbers with mean 0 (Box and Muller 1958). */
  normals(count: number, standardDeviation: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = standardDeviation * Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      values[i] = radius * Math.cos(angle);
      if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
    }
    return values;
  }

  /** The numbers 0..count-1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** One block of the cipher, exported for its published test vectors. */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): readonly [number, number] {
  const ks = [key[0], key[1], (PARITY ^ key[0] ^ key[1]) >>> 0] as const;
  let x0 = (counter[0] + ks[0]) >>> 0;
  let x1 = (counter[1] + ks[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8]!;
    x0 = (x0 + x1) >>> 0;
    x1 = (((x1 << r) | (x1 >>> (32 - r))) ^ x0) >>> 0;
    if (round % 4 === 3) {
      const s = (round + 1) / 4;
      x0 = (x0 + ks[s % 3]!) >>> 0;
      x1 = (x1 + ks[(s + 1) % 3]! + s) >>> 0;
    }
  }
  return [x0, x1];
}

/** FNV-1a, 32 bits, over UTF-16 units. */
function fnv1a(text: string, offset: number): number {
  let hash = offset;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** States are read from files. */
function isState(state: unknown): state is RngState {
  const { key, position } = (state ?? {}) as { readonly key?: unknown; readonly position?: unknown };
  const words = Array.isArray(key) && key.length === 2 && key.every((word) => word >>> 0 === word);
  return words && Number.isSafeInteger(position) && (position as number) >= 0;
}
