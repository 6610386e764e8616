import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';
import { named } from './named.ts';
import type { StoredType } from './safetensors-numbers.ts';

/** Flat and named, with PyTorch's names: `layer1.0.conv1.weight`. The same names appear in checkpoints. */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** The tensors called `names`; the record is new, the tensors are not. */
export function pick(params: Params, names: Iterable<string>): Record<string, tf.Tensor> {
  const picked = named<tf.Tensor>();
  for (const name of names) picked[name] = param(params, name);
  return picked;
}

/** The tensor called `name`. */
export function param(params: Params, name: string): tf.Tensor {
  const tensor = Object.hasOwn(params, name) ? params[name] : undefined;
  if (tensor === undefined) {
    throw new MaNetError('network-mismatch', `The parameter "${name}" is missing.`, {
      hint: 'pass the parameters that init() of this network made, or those of a checkpoint of it.',
    });
  }
  return tensor;
}

/** The same tensors under new handles, owned by the caller. */
export function cloneParams(params: Params): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, tensor.clone()]));
}

/** Number of scalars in all tensors. */
export function countParams(params: Params): number {
  return Object.values(params).reduce((sum, tensor) => sum + tensor.size, 0);
}

/** Copies every tensor into JS memory. */
export async function readParams(params: Params): Promise<Record<string, HostTensor>> {
  const entries = Object.entries(params).map(async ([name, tensor]): Promise<[string, HostTensor]> => {
    const data = await tensor.data();
    return [
      name,
      {
        shape: tensor.shape,
        dtype: data instanceof Float32Array ? 'float32' : 'int32',
        // A copy: some backends hand out their own memory. Truth values become whole numbers.
        data: data instanceof Float32Array ? data.slice() : Int32Array.from(data),
      },
    ];
  });
  return named(await Promise.all(entries));
}

/** Uploads tensors from JS memory. The caller owns the result. */
export function uploadParams(host: Readonly<Record<string, HostTensor>>): Record<string, tf.Tensor> {
  return named(
    Object.entries(host).map(([name, { shape, dtype, data }]) => [name, tf.tensor(data, [...shape], dtype)]),
  );
}

/** A tensor in JS memory, row-major. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly data: Float32Array | Int32Array;
  /** The type in the file it was read from, where it was converted: `F16`, `I8`. */
  readonly stored?: StoredType;
}

/** One name that differs between what a network has and what it was given. */
export interface ParamDifference {
  readonly name: string;
  readonly expected?: readonly number[];
  readonly found?: readonly number[];
}

/** Names that are missing, unexpected, or of another shape. */
export function compareShapes(
  expected: Readonly<Record<string, readonly number[]>>,
  found: Readonly<Record<string, readonly number[]>>,
): ParamDifference[] {
  const differences: ParamDifference[] = [];
  for (const [name, shape] of Object.entries(expected)) {
    const other = Object.hasOwn(found, name) ? found[name] : undefined;
    if (other === undefined) differences.push({ name, expected: shape });
    else if (shape.join() !== other.join()) differences.push({ name, expected: shape, found: other });
  }
  for (const [name, shape] of Object.entries(found)) {
    if (!Object.hasOwn(expected, name)) differences.push({ name, found: shape });
  }
  return differences;
}

/** Throws `network-mismatch`, listing the differing names and shapes, unless there are none. */
export function assertSameShapes(
  expected: Readonly<Record<string, readonly number[]>>,
  found: Readonly<Record<string, readonly number[]>>,
  where: string,
  hint: string,
): void {
  const differences = compareShapes(expected, found);
  if (differences.length === 0) return;
  const shown = differences.slice(0, 12).map(({ name, expected: e, found: f }) => {
    if (f === undefined) return `  ${name}: missing, expected [${e!.join(', ')}]`;
    if (e === undefined) return `  ${name}: unexpected, found [${f.join(', ')}]`;
    return `  ${name}: expected [${e.join(', ')}], found [${f.join(', ')}]`;
  });
  if (differences.length > shown.length) shown.push(`  ... and ${differences.length - shown.length} more`);
  throw new MaNetError(
    'network-mismatch',
    `The tensors do not belong to this network: ${differences.length} of ${Object.keys(expected).length} names differ.\n${shown.join('\n')}`,
    { where, hint },
  );
}
