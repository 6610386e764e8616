import type { ModulatedKernel } from '@ma-net/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { TrainingState } from './state.ts';

export interface MaskChange {
  readonly kept: number;
  readonly connections: number;
  readonly died: number;
  readonly revived: number;
  readonly removedParams: number;
}

/** Counts what happened to the connections since it last looked, which is never twice at the same tensors. */
export async function watchMasks(
  kernels: readonly ModulatedKernel[],
  start: TrainingState,
): Promise<{ changes(state: TrainingState): Promise<MaskChange | undefined> }> {
  const first = kernels[0]?.param ?? '';
  let seen: tf.Tensor | undefined = start.masks[first];
  let before = seen === undefined ? undefined : await readMasks(kernels, start);
  return {
    async changes(state) {
      const now = state.masks[first];
      if (now === undefined || now === seen) return undefined;
      seen = now;
      const after = await readMasks(kernels, state);
      const change = { kept: 0, connections: 0, died: 0, revived: 0, removedParams: 0 };
      for (const { param, area } of kernels) {
        const current = after[param]!;
        const old = before?.[param] ?? new Uint8Array(current.length).fill(1);
        change.connections += current.length;
        for (let i = 0; i < current.length; i++) {
          change.kept += current[i]!;
          change.died += old[i]! & ~current[i]! & 1;
          change.revived += ~old[i]! & current[i]! & 1;
          change.removedParams += area * (1 - current[i]!);
        }
      }
      before = after;
      return change;
    },
  };
}

async function readMasks(
  kernels: readonly ModulatedKernel[],
  { masks }: TrainingState,
): Promise<Record<string, Uint8Array>> {
  const read: Record<string, Uint8Array> = {};
  for (const { param } of kernels) read[param] = Uint8Array.from(await masks[param]!.data());
  return read;
}
