import { defineNetwork, Rng, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ArrayOf,
  bias,
  expectNear,
  filled,
  fixture,
  gain,
  inputOf,
  kernelOf,
  weightsOf,
} from '../../test/formulas.ts';
import { selfAttentivePooling } from './self-attentive-pooling.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

interface Case {
  readonly c: number;
  readonly embed: number;
  readonly patch: number;
  readonly heads: number;
  readonly hw: number;
  readonly mode: 'train' | 'eval';
  readonly output: ArrayOf;
  readonly gradInput: ArrayOf;
  readonly gradParams: Readonly<Record<string, ArrayOf>>;
}

const { cases } = fixture<{ readonly cases: readonly Case[] }>('pooling');
const built = (c: number, side: number, options: Parameters<typeof selfAttentivePooling>[0]) =>
  defineNetwork('pool', { images: [side, side, c] }, (net, { images }) => ({
    y: selfAttentivePooling(options)(net, 'b', images, { stage: 1, stages: 2, width: c }),
  }));

/** Columns [from, to) of a matrix of `width` columns. */
const columns = (values: readonly number[], width: number, from: number, to: number): number[] =>
  values.filter((_, k) => k % width >= from && k % width < to);

describe.each(cases.map((c, i) => [`case ${i}`, c] as const))(
  '%s',
  (_, { c, embed: e, patch: p, ...given }) => {
    test('is our reading of the paper, with its gradients', async () => {
      const { heads, hw, mode, output, gradInput, gradParams } = given;
      const network = built(c, hw, { ratio: e / c, heads, patch: p });
      const [qkv, qkvBias] = [kernelOf([e, 3 * e], e, 4), bias(3 * e, 4)];
      const values: Record<string, number[]> = {
        'b.pool.patch.weight': kernelOf([p, p, c, e], p * p * c, 0),
        'b.pool.patch.bias': bias(e, 0),
        'b.pool.bn1.weight': gain(e, 0),
        'b.pool.bn1.bias': bias(e, 1),
        'b.pool.positions.row': kernelOf([50, e / 2], 4, 2),
        'b.pool.positions.column': kernelOf([50, e / 2], 4, 3),
        'b.pool.out.weight': kernelOf([e, e], e, 5),
        'b.pool.out.bias': bias(e, 5),
        'b.pool.restore.weight': kernelOf([1, 1, e, c], e, 6),
        'b.pool.restore.bias': bias(c, 6),
        'b.pool.bn2.weight': gain(c, 7),
        'b.pool.bn2.bias': bias(c, 7),
      };
      for (const [i, part] of ['q', 'k', 'v'].entries()) {
        values[`b.pool.${part}.weight`] = columns(qkv, 3 * e, i * e, (i + 1) * e);
        values[`b.pool.${part}.bias`] = qkvBias.slice(i * e, (i + 1) * e);
      }
      const params = weightsOf(network, values);
      const shape = [2, hw, hw, c];
      const { stats } = network.init(Rng.fromSeed(0));
      const { grads, aux } = valueAndGrad(
        ({ images: x, ...w }) => {
          const { y } = network.forward(w, stats, { images: x! }, { training: mode === 'train' }).outputs;
          return { value: tf.sum(tf.mul(y, filled(y.shape))), aux: { y } };
        },
        { ...params, images: inputOf(shape, 0) },
        [...Object.keys(params), 'images'],
      );
      await expectNear(aux.y, output, 1e-5);
      await expectNear(grads['images']!, gradInput, 1e-4);
      const joined = (end: string): tf.Tensor =>
        tf.concat(
          ['q', 'k', 'v'].map((part) => grads[`b.pool.${part}.${end}`]!),
          -1,
        );
      const of: Record<string, tf.Tensor> = {
        patch: grads['b.pool.patch.weight']!,
        g1: grads['b.pool.bn1.weight']!,
        b1: grads['b.pool.bn1.bias']!,
        wqkv: joined('weight'),
        bqkv: joined('bias'),
        wo: grads['b.pool.out.weight']!,
        bo: grads['b.pool.out.bias']!,
        restore: grads['b.pool.restore.weight']!,
        g2: grads['b.pool.bn2.weight']!,
        b2: grads['b.pool.bn2.bias']!,
        rowUsed: tf.slice(grads['b.pool.positions.row']!, 0, hw / p),
        colUsed: tf.slice(grads['b.pool.positions.column']!, 0, hw / p),
      };
      for (const [name, gradient] of Object.entries(of)) await expectNear(gradient, gradParams[name]!, 1e-4);
    });
  },
);

test.each([
  [64, 28_416],
  [128, 105_984],
  [512, 1_603_584],
  [2048, 25_288_704],
])('a module of %i channels has %i parameters', (c, count) => {
  const { parameters } = built(c, 4, { ratio: 1, heads: 2, patch: 1 });
  expect(parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(count);
});

test.each([
  [{ ratio: 1, heads: 2, patch: 3 }, 8, 'shape-mismatch'],
  [{ ratio: 1, heads: 2, patch: 1 }, 7, 'shape-mismatch'],
  [{ ratio: 1, heads: 2, patch: 1 }, 52, 'shape-mismatch'],
  [{ ratio: 0.1, heads: 4, patch: 1 }, 8, 'bad-argument'],
  [{ ratio: 0.25, heads: 1, patch: 1 }, 8, 'bad-argument'],
])('%o on a map of %i pixels is refused', (options, side, code) => {
  expect(() => built(4, side, options)).toThrow(expect.objectContaining({ code }));
});

test('patches and heads may differ by stage; the last ones serve those beyond', () => {
  const at = (stage: number) =>
    defineNetwork('pool', { images: [8, 8, 8] }, (net, { images }) => ({
      y: selfAttentivePooling({ ratio: 1, heads: [1, 4], patch: [4, 2] })(net, 'b', images, {
        stage,
        stages: 4,
        width: 8,
      }),
    })).parameters.find(({ name }) => name === 'b.pool.patch.weight')!.shape;
  expect([1, 2, 3].map(at)).toEqual([
    [4, 4, 8, 8],
    [2, 2, 8, 8],
    [2, 2, 8, 8],
  ]);
});
