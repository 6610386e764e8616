// Layers against functions in double precision as a person would write them.

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { defineNetwork } from '../src/define.ts';
import type { Net } from '../src/program.ts';
import { sizeOf } from '../src/shapes.ts';
import { centralDifferences, dot, expectClose, normals } from './numerics.ts';

export interface Layer {
  readonly name: string;
  /** Shapes of its inputs, without the batch. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly layer: <V>(net: Net<V>, inputs: Readonly<Record<string, V>>) => V;
  /** The same on flat numbers of two images, inputs first, then parameters in the order of their declaration. */
  readonly reference: (numbers: readonly (readonly number[])[]) => readonly number[];
}

export const BATCH = 2;
/** Calls `f` for every image, row, column and channel. */
export function everywhere(
  [height, width, channels]: readonly [number, number, number],
  f: (b: number, y: number, x: number, c: number) => number,
): number[] {
  return Array.from({ length: BATCH * height * width * channels }, (_, at) => {
    const c = at % channels;
    const x = Math.floor(at / channels) % width;
    const y = Math.floor(at / (channels * width)) % height;
    return f(Math.floor(at / (channels * width * height)), y, x, c);
  });
}

/** Holds values and gradients of layers against their formulas. */
export function checkLayers(layers: readonly Layer[]): void {
  describe.each(layers)('$name', ({ inputs, layer, reference }) => {
    const network = defineNetwork('layer', inputs, (net, given) => ({ y: layer(net, given) }));
    const shapes = [
      ...Object.values(inputs).map((shape) => [BATCH, ...shape]),
      ...network.parameters.map(({ shape }) => [...shape]),
    ];
    const numbers = shapes.map((shape, i) => normals(i + 1, sizeOf(shape)));
    const forward = (...tensors: tf.Tensor[]): tf.Tensor => {
      const named = (names: readonly string[], from: number): Record<string, tf.Tensor> =>
        Object.fromEntries(names.map((name, i) => [name, tensors[from + i]!]));
      const given = named(Object.keys(inputs), 0);
      const params = named(
        network.parameters.map((p) => p.name),
        Object.keys(inputs).length,
      );
      return network.forward(params, {}, given, { training: true }).outputs.y;
    };
    const tensors = (): tf.Tensor[] => numbers.map((values, i) => tf.tensor(values, shapes[i]!));

    test('has the declared shape and the value of its formula', async () => {
      const y = forward(...tensors());
      expect(y.shape).toEqual([BATCH, ...network.outputs[0]!.shape]);
      await expectClose(y, reference(numbers));
    });

    test('has the gradient of its formula, for all inputs and parameters', async () => {
      const w = normals(99, BATCH * sizeOf(network.outputs[0]!.shape));
      const dy = tf.tensor(w, [BATCH, ...network.outputs[0]!.shape]);
      const found = tf.grads(forward)(tensors(), dy);
      for (const [i, values] of numbers.entries()) {
        const f = (x: readonly number[]): number => dot(reference(numbers.with(i, [...x])) as number[], w);
        await expectClose(found[i]!, centralDifferences(f, values), { rtol: 1e-4, atol: 1e-5 });
      }
    });
  });
}
