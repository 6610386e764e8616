import type { DataType } from '@tensorflow/tfjs-core';

/** Shape and dtype of one value. */
export interface Spec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Shape and dtype as text. */
export function specKey(shape: readonly number[], dtype: DataType): string {
  return `${dtype[0]!}[${shape.join()}]`;
}
