// Kernels in PyTorch's order of axes and back, so that checkpoints can be exchanged.
//
// Suffixes: H kernel height, W kernel width, I inputs, O outputs.

import { MaNetError } from './errors.ts';
import { named } from './named.ts';
import type { ParameterSpec } from './network.ts';
import type { HostTensor } from './params.ts';

type HostParams = Readonly<Record<string, HostTensor>>;

/**
 * Convolutions HWIO -> OIHW, depthwise HWIM -> (I M)1HW, dense IO -> OI; everything else, and every
 * tensor without a spec (running statistics), passes as it is.
 */
export function toTorchLayout(
  specs: readonly ParameterSpec[],
  tensors: HostParams,
): Record<string, HostTensor> {
  return convert(specs, tensors, ({ kind, shape, name }, tensor) => {
    expectShape(name, shape, tensor);
    const moved = { ...tensor, shape: torchShape(kind, shape) };
    if (kind === 'conv') return { ...moved, data: permuted(tensor, [3, 2, 0, 1]) };
    if (kind === 'depthwise') return { ...moved, data: permuted(tensor, [2, 3, 0, 1]) };
    if (kind === 'dense') return { ...moved, data: permuted(tensor, [1, 0]) };
    return tensor;
  });
}

/**
 * The inverse of `toTorchLayout`. Throws `network-mismatch` when a shape is not the spec's, or numbers are whole ones.
 */
export function fromTorchLayout(
  specs: readonly ParameterSpec[],
  tensors: HostParams,
): Record<string, HostTensor> {
  return convert(specs, tensors, ({ kind, shape, name }, tensor) => {
    expectFloats(name, tensor);
    expectShape(name, torchShape(kind, shape), tensor);
    const [a, b, c, d] = shape as readonly [number, number, number, number];
    if (kind === 'conv') return { ...tensor, shape, data: permuted(tensor, [2, 3, 1, 0]) };
    if (kind === 'depthwise')
      return { ...tensor, shape, data: permuted({ ...tensor, shape: [c, d, a, b] }, [2, 3, 0, 1]) };
    if (kind === 'dense') return { ...tensor, shape, data: permuted(tensor, [1, 0]) };
    return tensor;
  });
}

/** The shape that PyTorch gives a parameter of this kind and of our shape. */
export function torchShape(kind: ParameterSpec['kind'], shape: readonly number[]): readonly number[] {
  const [a, b, c, d] = shape as readonly [number, number, number, number];
  if (kind === 'conv') return [d, c, a, b];
  if (kind === 'depthwise') return [c * d, 1, a, b];
  if (kind === 'dense') return [b, a];
  return shape;
}

function convert(
  specs: readonly ParameterSpec[],
  tensors: HostParams,
  one: (spec: ParameterSpec, tensor: HostTensor) => HostTensor,
): Record<string, HostTensor> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  return named(
    Object.entries(tensors).map(([name, tensor]) => {
      const spec = byName.get(name);
      return [name, spec === undefined ? tensor : one(spec, tensor)];
    }),
  );
}

function expectShape(name: string, expected: readonly number[], { shape }: HostTensor): void {
  if (shape.join() === expected.join()) return;
  throw new MaNetError(
    'network-mismatch',
    `"${name}" has the shape [${shape.join(', ')}], not [${expected.join(', ')}].`,
    { hint: 'use the checkpoint of this network, in the layout that is being read.' },
  );
}

function expectFloats(name: string, { dtype, stored }: HostTensor): void {
  if (dtype !== 'float32') {
    throw new MaNetError(
      'network-mismatch',
      `"${name}" holds whole numbers (${stored ?? 'I32'}), not weights.`,
      {
        hint: 'a quantised kernel needs scales that we do not know: save the network before it is quantised.',
      },
    );
  }
}

/** Axis i of the result is axis `order[i]` of the tensor. */
function permuted({ shape, data }: HostTensor, order: readonly number[]): HostTensor['data'] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const result = new (data.constructor as Float32ArrayConstructor)(data.length);
  let next = 0;
  const walk = (axis: number, from: number): void => {
    const source = order[axis]!;
    const last = axis === order.length - 1;
    for (let i = 0; i < shape[source]!; i++) {
      const at = from + i * strides[source]!;
      if (last) result[next++] = data[at]!;
      else walk(axis + 1, at);
    }
  };
  walk(0, 0);
  return result;
}
