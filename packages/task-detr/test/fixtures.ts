// Numbers of the public implementations: fixtures/README.md says of which.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(pathOf(`${name}.json`), 'utf8')) as T;
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
}

export type Rows = readonly (readonly number[])[];

/** Tensors of a file, by the folder that their names begin with. */
export interface Oracle {
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  numbers(name: string): readonly number[];
  tensor(name: string): tf.Tensor;
  /** What stands under `prefix`, as parameters of ours: projections of queries, keys and values are taken apart. */
  parameters(prefix: string): Record<string, tf.Tensor>;
}

export async function oracle(file: string): Promise<Oracle> {
  const { tensors } = await readSafetensors(pathOf(`${file}.safetensors`));
  const of = (name: string): (typeof tensors)[string] => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new Error(`${file} has no ${name}`);
    return tensor;
  };
  const tensor = (name: string): tf.Tensor => {
    const { shape, dtype, data } = of(name);
    return tf.tensor(data, [...shape], dtype as 'float32' | 'int32');
  };
  return {
    names: Object.keys(tensors),
    shape: (name) => of(name).shape,
    numbers: (name) => Array.from(of(name).data as Float32Array),
    tensor,
    parameters: (prefix) =>
      Object.fromEntries(
        Object.keys(tensors)
          .filter((name) => name.startsWith(prefix))
          .flatMap((name) => apart(name.slice(prefix.length), tensor(name))),
      ),
  };
}

function apart(name: string, tensor: tf.Tensor): [string, tf.Tensor][] {
  const joined = /^(.*)in_proj_(weight|bias)$/.exec(name);
  if (joined === null) return [[name, tensor]];
  return tf.split(tensor, 3, -1).map((part, i) => [`${joined[1]!}${'qkv'[i]!}.${joined[2]!}`, part]);
}

/** Our tensors under the reference's names: projections of queries, keys and values side by side. */
export function together(ours: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(ours).flatMap(([name, tensor]): [string, tf.Tensor][] => {
      const part = /^(.*)\.([qkv])\.(weight|bias)$/.exec(name);
      if (part === null) return [[name, tensor]];
      const [, layer, which, kind] = part;
      if (which !== 'q') return [];
      const all = [...'qkv'].map((letter) => ours[`${layer!}.${letter}.${kind!}`]!);
      return [[`${layer!}.in_proj_${kind!}`, tf.concat(all, -1)]];
    }),
  );
}

/** Within `tolerance` of the largest magnitude. */
export function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(found.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
  if (process.env['SHOW_ERRORS'] !== undefined) console.log(expect.getState().currentTestName, worst / scale);
  expect(worst).toBeLessThanOrEqual(tolerance * scale);
}
