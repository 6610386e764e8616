// Which graphs keep the memory of a run for their next one. That saves a tenth of a training step, and costs as many
// bytes as the graph has alive at once; the sum of them has a budget.

import { memoryHere } from '#platform';
import type { Entry } from './call.ts';
import type { Graph } from './graph.ts';
import { sizeOf } from './lower/lowering.ts';

/** A graph that needs this many bytes keeps them on trial until it comes again: many come once. */
const LARGE_BYTES = 64 * 2 ** 20;

/** Large graphs remembered as having come before. */
const MAX_TRIED = 1024;

export class Arenas {
  readonly #budget: number;
  /** Bytes of the graphs that keep them. */
  readonly #kept = new Map<string, number>();
  /** Those of them that came once so far. */
  readonly #trial = new Set<string>();
  readonly #tried = new Set<string>();
  /** When each graph was last asked for, in requests; the one asked for longest ago comes first. */
  readonly #asked = new Map<string, number>();
  #requests = 0;
  #sum = 0;

  constructor(budget = memoryHere() / 2) {
    this.#budget = budget;
  }

  /**
   * Told of every run of the graph `key`, which needs `bytes`: whether it keeps them from now on, and which graphs must
   * give theirs back for it: those out of use for more than two rounds of all that are known, and, for a large graph that
   * has not been seen before, those on trial. Graphs that take turns never take each other's: those for which there is no
   * room do without.
   */
  ask(key: string, bytes: number): { readonly keeps: boolean; readonly back: readonly string[] } {
    this.#asked.delete(key);
    this.#asked.set(key, ++this.#requests);
    if (this.#kept.has(key)) {
      this.#trial.delete(key);
      return { keeps: true, back: [] };
    }
    const stranger = bytes >= LARGE_BYTES && !this.#tried.has(key);
    const tried = stranger ? [...this.#trial] : [];
    for (const other of tried) this.forget(other);
    const idle = bytes > this.#budget ? [] : this.#idle();
    const given: string[] = [];
    let room = this.#budget - this.#sum;
    for (const other of idle) {
      if (room >= bytes) break;
      room += this.#kept.get(other)!;
      given.push(other);
    }
    const keeps = room >= bytes;
    if (stranger) this.#try(key, keeps);
    if (!keeps) return { keeps, back: tried };
    for (const other of given) this.forget(other);
    this.#kept.set(key, bytes);
    this.#sum += bytes;
    return { keeps, back: [...tried, ...given] };
  }

  #try(key: string, keeps: boolean): void {
    if (keeps) this.#trial.add(key);
    this.#tried.add(key);
    if (this.#tried.size > MAX_TRIED) this.#tried.delete(this.#tried.keys().next().value!);
  }

  /** The session of this graph is no more. */
  forget(key: string): void {
    this.#sum -= this.#kept.get(key) ?? 0;
    this.#kept.delete(key);
    this.#trial.delete(key);
    this.#asked.delete(key);
  }

  /** Graphs that keep memory and have not been asked for lately, the longest idle first. */
  #idle(): string[] {
    const lately = this.#requests - 2 * this.#asked.size;
    return [...this.#asked].filter(([key, when]) => when < lately && this.#kept.has(key)).map(([key]) => key);
  }
}

/** Bytes of what a graph has alive at once at most, beside its inputs. */
export function peakBytes({ calls, outputs }: Pick<Graph, 'calls' | 'outputs'>): number {
  const left = new Map<Entry, number>();
  for (const { inputs } of calls) for (const entry of inputs) left.set(entry, (left.get(entry) ?? 0) + 1);
  const wanted = new Set(outputs);
  const made = new Set<Entry>();
  let [alive, peak] = [0, 0];
  const release = (entry: Entry): void => {
    if (made.delete(entry) && !wanted.has(entry)) alive -= bytesOf(entry);
  };
  for (const call of calls) {
    for (const entry of call.outputs) {
      made.add(entry);
      alive += bytesOf(entry);
    }
    const { inside } = call.signature;
    peak = Math.max(peak, alive + (inside === undefined ? 0 : peakBytes(inside)));
    for (const entry of call.outputs) if (!left.has(entry)) release(entry);
    for (const entry of call.inputs) {
      const readers = left.get(entry)! - 1;
      left.set(entry, readers);
      if (readers === 0) release(entry);
    }
  }
  return peak;
}

const bytesOf = ({ shape, dtype }: Entry): number => sizeOf(shape) * (dtype === 'bool' ? 1 : 4);
