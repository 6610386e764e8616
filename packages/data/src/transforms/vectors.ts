// Resampling with the vectors of WebAssembly, four numbers at a time.

import { RESAMPLE } from './resample-wasm.ts';
import type { Resampling } from './resize.ts';

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  across(
    from: number,
    pitch: number,
    rows: number,
    table: number,
    stride: number,
    columns: number,
    to: number,
  ): void;
  down(from: number, width: number, table: number, stride: number, rows: number, to: number): void;
}

/** What every browser and Node have; no library of types that both share names it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** Rows are handed over in strips of about so many bytes. */
const STRIP = 2 ** 19;
/** A vector may read or write so far beyond the end. */
const BEYOND = 16;
const PAGE = 2 ** 16;

let exports: Exports | undefined | false;

/** Undefined where there is no WebAssembly with vectors, or a page may not run any. */
function load(): Exports | undefined {
  if (exports === undefined) {
    try {
      const bytes = Uint8Array.from(atob(RESAMPLE), (c) => c.charCodeAt(0));
      exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
    } catch {
      exports = false;
    }
  }
  return exports || undefined;
}

/** The same bytes as `resample`, of three channels; undefined where it does not run. */
export function resampleByVectors(job: Resampling): Uint8Array | undefined {
  const { data, from, pitch, channels, across, down, height, width } = job;
  const wasm = channels === 3 ? load() : undefined;
  if (wasm === undefined) return undefined;
  const row = width * channels;
  const used = across.inputs * channels;
  const atOnce = Math.max(1, Math.floor(STRIP / pitch));

  const { memory } = wasm;
  let end = 0;
  const take = (bytes: number): number => {
    const at = end;
    end = (at + bytes + BEYOND + 15) & ~15;
    return at;
  };
  const columns = take(across.table.byteLength);
  const rows = take(down.table.byteLength);
  const narrow = take(down.inputs * row);
  const out = take(height * row);
  const strip = take(atOnce * pitch);
  if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));

  new Int32Array(memory.buffer, columns).set(across.table);
  new Int32Array(memory.buffer, rows).set(down.table);
  const bytes = new Uint8Array(memory.buffer);
  for (let y = 0; y < down.inputs; y += atOnce) {
    const count = Math.min(atOnce, down.inputs - y);
    const start = from + y * pitch;
    bytes.set(data.subarray(start, start + (count - 1) * pitch + used), strip);
    wasm.across(strip, pitch, count, columns, 4 * across.entry, width, narrow + y * row);
  }
  wasm.down(narrow, row, rows, 4 * down.entry, height, out);
  return bytes.slice(out, out + height * row);
}
