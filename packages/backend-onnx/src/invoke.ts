// A call of a kernel as tfjs hands it over, and the same from within the backend.

import { MaNetError } from '@ma-net/core';
import {
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { RecordingBackend } from './recording.ts';
import { specKey } from './spec.ts';

export interface Invocation {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
  readonly backend: RecordingBackend;
}

/** Calls a kernel of this backend from within another. */
export function invoke(
  backend: RecordingBackend,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap = {},
): TensorInfo {
  const kernel = getKernel(name, backend.registered);
  if (kernel === undefined) {
    const given = Object.entries(inputs).map(([k, t]) => `${k}: ${t ? specKey(t.shape, t.dtype) : 'none'}`);
    throw new MaNetError(
      'unsupported-op',
      `There is no kernel ${name} (${given.join(', ')}), here or in the cpu backend.`,
    );
  }
  return kernel.kernelFunc({ inputs, attrs, backend }) as TensorInfo;
}
