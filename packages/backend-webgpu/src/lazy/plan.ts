// From what is wanted to programs: what nobody needs is left out, what is computed in passing is never stored, and what is
// computed of the same numbers is computed at once.

import { type Kernel, type MapKernel, type ReduceKernel, roomFor } from './kernel.ts';
import { type Mapped, type Pending, type Reduced, sourcesOf, type Value } from './value.ts';

/** Buffers of one program: what every device has room for; not what this one has, so that all compute the same. */
export const BUFFERS = 8;
/** What a value may be computed of in passing, so that there is room for the result. */
const SOURCES = BUFFERS - 1;
/** Bytes that take as long as starting one more program. */
const DISPATCH_BYTES = 1 << 16;
/** Steps of arithmetic that are still worth repeating. */
const LONGEST = 200;
/** Programs that a value may join; further back its sources are not there yet. */
const LOOK_BACK = 12;

/** The programs that compute `roots`, in order. `pending` is everything recorded, in the order of recording. */
export function plan(pending: readonly Pending[], isRoot: (value: Pending) => boolean): Kernel[] {
  const needed = neededFor(pending, isRoot);
  const stored = storedOf(needed, isRoot);
  storeRepeated(needed, stored);
  return kernelsOf(needed, stored);
}

function neededFor(pending: readonly Pending[], isRoot: (value: Pending) => boolean): Pending[] {
  const wanted = new Set<Value>(pending.filter(isRoot));
  const needed: Pending[] = [];
  for (let i = pending.length - 1; i >= 0; i--) {
    const value = pending[i]!;
    if (!wanted.has(value)) continue;
    needed.push(value);
    for (const source of sourcesOf(value)) wanted.add(source);
  }
  return needed.reverse();
}

/** What has to be in a buffer. */
function storedOf(needed: readonly Pending[], isRoot: (value: Pending) => boolean): Set<Value> {
  const stored = new Set<Value>();
  for (const value of needed) {
    if (value.kind !== 'map' || isRoot(value)) stored.add(value);
    if (value.kind === 'program') for (const source of sourcesOf(value)) stored.add(source);
  }
  return stored;
}

/** Stores as well what would be computed too often, or of too much. */
function storeRepeated(needed: readonly Pending[], stored: Set<Value>): void {
  const readers = readersOf(needed, stored);
  const sources = new Sources(stored);
  const lengths = new Map<Value, number>();
  for (const value of needed) {
    if (value.kind === 'program') continue;
    sources.fit(value);
    if (value.kind === 'reduce') continue;
    const length = value.operands.reduce((sum, { value: of }) => sum + (lengths.get(of) ?? 0), 1);
    lengths.set(value, length);
    if (stored.has(value)) continue;
    const read = bytesOf(sources.of(value));
    const write = 4 * value.size;
    const times = readers.get(value)!.size;
    const worth = (times - 1) * read > (times + 1) * write + DISPATCH_BYTES;
    if (length <= LONGEST && !worth) continue;
    stored.add(value);
    lengths.set(value, 0);
  }
}

/** The stored values that compute a value in passing. */
function readersOf(needed: readonly Pending[], stored: ReadonlySet<Value>): Map<Value, Set<Value>> {
  const readers = new Map<Value, Set<Value>>(needed.map((value) => [value, new Set()]));
  for (let i = needed.length - 1; i >= 0; i--) {
    const value = needed[i]!;
    const own = stored.has(value) ? [value] : readers.get(value)!;
    for (const source of sourcesOf(value)) for (const reader of own) readers.get(source)?.add(reader);
  }
  return readers;
}

const bytesOf = (values: Iterable<Value>): number => {
  let bytes = 0;
  for (const { size } of values) bytes += 4 * size;
  return bytes;
};

/** The buffers that a value is computed of. */
class Sources {
  readonly #stored: Set<Value>;
  readonly #known = new Map<Value, ReadonlySet<Value>>();

  constructor(stored: Set<Value>) {
    this.#stored = stored;
  }

  of(value: Value): ReadonlySet<Value> {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const found = new Set<Value>();
    for (const source of sourcesOf(value)) for (const one of this.#through(source)) found.add(one);
    this.#known.set(value, found);
    return found;
  }

  /** Stores parts of `value` until it is computed of as many buffers as a program has room for. */
  fit(value: Value): void {
    if (this.of(value).size <= SOURCES) return;
    const spread = this.#parts(value).filter(({ part, reader }) => 4 * part.size <= reader.size);
    for (const { part } of spread) if (this.of(part).size > 1) this.#store(part);
    while (this.of(value).size > SOURCES) {
      const parts = this.#parts(value).map(({ part }) => part);
      this.#store(parts.reduce((a, b) => (this.of(b).size > this.of(a).size ? b : a)));
    }
  }

  #through(source: Value): Iterable<Value> {
    if (source.kind === 'leaf') return source.number === undefined ? [source] : [];
    return this.#stored.has(source) ? [source] : this.of(source);
  }

  #store(value: Value): void {
    this.#stored.add(value);
    this.#known.clear();
  }

  /** What is computed in passing on the way to `value`, and who reads it. */
  #parts(value: Value): { readonly part: Mapped; readonly reader: Value }[] {
    const seen = new Set<Value>();
    const parts: { part: Mapped; reader: Value }[] = [];
    const visit = (reader: Value): void => {
      for (const part of sourcesOf(reader)) {
        if (part.kind !== 'map' || this.#stored.has(part) || seen.has(part)) continue;
        seen.add(part);
        parts.push({ part, reader });
        visit(part);
      }
    };
    visit(value);
    return parts;
  }
}

function kernelsOf(needed: readonly Pending[], stored: ReadonlySet<Value>): Kernel[] {
  const kernels: Kernel[] = [];
  const sources = new Sources(new Set(stored));
  const madeBy = new Map<Value, number>();
  const open = new Map<string, number[]>();
  const add = (kernel: Kernel, key?: string): void => {
    for (const value of kernel.outputs) madeBy.set(value, kernels.length);
    if (key !== undefined) {
      const some = open.get(key) ?? [];
      open.set(key, [...some.slice(-LOOK_BACK), kernels.length]);
    }
    kernels.push(kernel);
  };
  for (const value of needed) {
    if (!stored.has(value)) continue;
    if (value.kind === 'program') {
      add({ kind: 'program', outputs: [value], inputs: sourcesOf(value) as Value[], program: value });
      continue;
    }
    const key = shapeOf(value);
    const of = sources.of(value);
    const joined = (open.get(key) ?? []).findLast((at) => {
      const kernel = kernels[at] as MapKernel | ReduceKernel;
      const there = (one: Value): boolean => one.kind === 'leaf' || madeBy.get(one)! < at;
      const own = (one: Value): boolean => (kernel.outputs as readonly Value[]).includes(one);
      const foreign = [...of].filter((one) => !own(one));
      if (!foreign.every(there)) return false;
      if (foreign.length < of.size && !(value.kind === 'map' && inPlace(value, own, stored))) return false;
      const shares = foreign.length < of.size || foreign.some((one) => kernel.inputs.has(one));
      if (!shares && 4 * value.size > DISPATCH_BYTES) return false;
      return roomFor(kernel, value, new Set([...kernel.inputs, ...foreign]), BUFFERS);
    });
    if (joined === undefined) {
      add({ kind: value.kind, outputs: [value], inputs: new Set(of), stored } as Kernel, key);
      continue;
    }
    const kernel = kernels[joined] as MapKernel | ReduceKernel;
    (kernel.outputs as (Mapped | Reduced)[]).push(value);
    for (const one of of) if (!(kernel.outputs as readonly Value[]).includes(one)) kernel.inputs.add(one);
    madeBy.set(value, joined);
  }
  return kernels;
}

/** Whether a value reads what `own` says only where it is itself: at the same place of the same loop. */
function inPlace(value: Mapped, own: (one: Value) => boolean, stored: ReadonlySet<Value>): boolean {
  const seen = new Set<Value>();
  const check = (reader: Mapped, same: boolean): boolean =>
    reader.operands.every(({ value: of, access }) => {
      const here = same && access === undefined;
      if (own(of)) return here;
      if (of.kind !== 'map' || stored.has(of) || (here && seen.has(of))) return true;
      if (here) seen.add(of);
      return check(of, here);
    });
  return check(value, true);
}

/** Values of one shape may be computed by one program. */
function shapeOf(value: Mapped | Reduced): string {
  if (value.kind === 'map') return String(value.size);
  const { size, length, kept, over } = value;
  return JSON.stringify([size, length, kept ?? 0, over ?? 0]);
}
