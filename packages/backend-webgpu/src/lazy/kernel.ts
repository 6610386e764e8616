// What a program of ours computes, and how its work is shared out.

import type { Term } from './access.ts';
import type { Mapped, Programmed, Reduced, Value } from './value.ts';

export interface MapKernel {
  readonly kind: 'map';
  readonly outputs: readonly Mapped[];
  readonly inputs: Set<Value>;
  /** What is in a buffer, or will be. */
  readonly stored: ReadonlySet<Value>;
}

export interface ReduceKernel {
  readonly kind: 'reduce';
  readonly outputs: readonly Reduced[];
  readonly inputs: Set<Value>;
  readonly stored: ReadonlySet<Value>;
}

export interface ProgramKernel {
  readonly kind: 'program';
  readonly outputs: readonly Programmed[];
  readonly inputs: readonly Value[];
  readonly program: Programmed;
}

export type Kernel = MapKernel | ReduceKernel | ProgramKernel;

/** Whether a kernel that also computes `value`, and reads `inputs`, has room in a program of so many buffers. */
export function roomFor(
  kernel: MapKernel | ReduceKernel,
  value: Mapped | Reduced,
  inputs: ReadonlySet<Value>,
  buffers: number,
): boolean {
  const outputs = kernel.outputs.length + 1;
  if (inputs.size + outputs > buffers) return false;
  // The parts of a long reduction are added by a second program, which binds both.
  return value.kind === 'map' || slicesOf(value) === 1 || 2 * outputs <= buffers;
}

/** Threads of a workgroup that reduces, and results of one where neighbours are results and not parts of one. */
export const THREADS = 256;
export const COLUMNS = 16;
/** Up to this many numbers one thread adds up alone. */
const ALONE = 16;

/** How a reduction is done: by one thread, by threads along what is reduced, or by threads across and along. */
export type Way = 'alone' | 'rows' | 'columns';

export function wayOf({ length, over }: Pick<Reduced, 'length' | 'over'>): Way {
  if (length <= ALONE) return 'alone';
  const adjacent = over === undefined || over.terms.some(({ mul }: Term) => mul === 1);
  return adjacent ? 'rows' : 'columns';
}

/** Enough workgroups for a large GPU, and numbers that are worth one. */
const WORKGROUPS = 256;
const LEAST = { alone: Infinity, rows: 8192, columns: 512 };

/** Into how many parts each sum is split. It depends on the sizes only, never on the device: the same bits everywhere. */
export function slicesOf(value: Reduced): number {
  const way = wayOf(value);
  const groups = way === 'columns' ? Math.ceil(value.size / COLUMNS) : value.size;
  return Math.max(1, Math.min(Math.ceil(WORKGROUPS / groups), Math.floor(value.length / LEAST[way])));
}
