// Kernels that need no computation: other views of a buffer, and values that follow from attributes alone.

import { type DataType, type NamedTensorInfoMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { RecordingBackend } from './recording.ts';
import { kernels } from './kernels/index.ts';
import type { Invocation } from './invoke.ts';

/** The same buffer in another shape. */
function view(backend: RecordingBackend, x: TensorInfo, shape: number[]): TensorInfo {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape, dtype: x.dtype };
}

const only = (inputs: NamedTensorInfoMap, name: string): TensorInfo => inputs[name]!;

function fresh(
  backend: RecordingBackend,
  values: number[] | Float32Array,
  shape: number[],
  dtype: DataType,
): TensorInfo {
  return { dataId: backend.write(values as Float32Array, shape, dtype), shape, dtype };
}

export const direct: Record<string, (invocation: Invocation) => TensorInfo | TensorInfo[]> = {
  Identity({ inputs, backend }) {
    const x = only(inputs, 'x');
    return view(backend, x, x.shape);
  },

  Reshape({ inputs, attrs, backend }) {
    const x = only(inputs, 'x');
    const size = util.sizeFromShape(x.shape);
    const shape = util.inferFromImplicitShape(attrs['shape'] as number[], size);
    util.assert(
      size === util.sizeFromShape(shape),
      () =>
        `The new shape [${shape.join()}] has ${util.sizeFromShape(shape)} elements, the tensor of shape [${x.shape.join()}] has ${size}.`,
    );
    return view(backend, x, shape);
  },

  ExpandDims({ inputs, attrs, backend }) {
    const x = only(inputs, 'input');
    const dim = Number(attrs['dim']);
    const rank = x.shape.length;
    util.assert(
      dim >= -rank - 1 && dim <= rank,
      () => `expandDims at ${dim} is outside [${-rank - 1}, ${rank}].`,
    );
    const at = dim < 0 ? rank + 1 + dim : dim;
    return view(backend, x, x.shape.toSpliced(at, 0, 1));
  },

  Cast({ inputs, attrs, backend }) {
    const x = only(inputs, 'x');
    if (attrs['dtype'] === x.dtype) return view(backend, x, x.shape);
    if (attrs['dtype'] === 'string' || attrs['dtype'] === 'complex64' || x.dtype === 'string') {
      return backend.fallback('Cast', inputs, attrs)[0]!;
    }
    return backend.record('Cast', kernels['Cast']!, ['x'], inputs, attrs)[0]!;
  },

  /** The value becomes an input of the graph, so that filling with another one compiles nothing. */
  Fill({ attrs, backend }) {
    const shape = attrs['shape'] as number[];
    const value = attrs['value'] as number | string;
    const dtype = (attrs['dtype'] as DataType | undefined) ?? util.inferDtype(value);
    if (dtype === 'string') return backend.fallback('Fill', {}, attrs)[0]!;
    const scalar = fresh(backend, [Number(value)], [], dtype);
    if (shape.length === 0) return scalar;
    const [filled] = backend.record('BroadcastTo', kernels['BroadcastTo']!, ['x'], { x: scalar }, { shape });
    backend.disposeData(scalar.dataId);
    return filled!;
  },

  Range({ attrs, backend }) {
    const [start, stop] = [Number(attrs['start']), Number(attrs['stop'])];
    const given = Number(attrs['step'] ?? 1);
    const step = stop < start && given === 1 ? -1 : given;
    const count = Math.max(0, Math.ceil((stop - start) / step)) || 0;
    const values = Array.from({ length: count }, (_, k) => start + k * step);
    return fresh(backend, values, [count], (attrs['dtype'] as DataType | undefined) ?? 'float32');
  },

  LinSpace({ attrs, backend }) {
    const [start, stop, count] = [Number(attrs['start']), Number(attrs['stop']), Number(attrs['num'])];
    const step = count > 1 ? (stop - start) / (count - 1) : 0;
    return fresh(
      backend,
      Array.from({ length: count }, (_, k) => start + k * step),
      [count],
      'float32',
    );
  },
};
