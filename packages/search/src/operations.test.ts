import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Network, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { farthest, fixture, R, type Values, W, X } from '../test/formulas.ts';
import { operation, type OperationName } from './operations.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface Case {
  readonly op: OperationName;
  readonly stride: 1 | 2;
  readonly poolBn: boolean;
  readonly output: Values;
  readonly scalar: number;
  readonly gradInput: Values;
  readonly gradParams: Readonly<Record<string, Values>>;
}

const { phase, C, cases } = fixture<{ phase: number; C: number; cases: Case[] }>('ops');

/** The fixture's name of each weight, and its number. */
const p = phase + 3;
const made: Readonly<Record<string, readonly [string, (shape: readonly number[]) => tf.Tensor]>> = {
  'x.op.1.weight': ['dw1', (shape) => W(shape, shape[0]! * shape[1]!, p)],
  'x.op.2.weight': ['pw1', (shape) => W(shape, C, p + 1)],
  'x.op.5.weight': ['dw2', (shape) => W(shape, shape[0]! * shape[1]!, p + 2)],
  'x.op.6.weight': ['pw2', (shape) => W(shape, C, p + 3)],
  'x.conv_1.weight': ['a', (shape) => W(shape, C, p)],
  'x.conv_2.weight': ['b', (shape) => W(shape, C, p + 1)],
};

test.each(cases.map((one) => [one.op, one.stride, one.poolBn, one] as const))(
  '%s with stride %i, pool normalised %s: value and gradients',
  async (op, stride, poolNorm, { output, scalar, gradInput, gradParams }) => {
    const network: Network = defineNetwork('op', { x: [8, 8, C] }, (net, { x }) => ({
      y: operation({ net, affine: false, poolNorm }, op, x, { name: 'x', channels: C, stride }),
    }));
    const list = network.parameters.map(({ name }) => name);
    const all = network.parameters.map(({ name, shape }) => made[name]![1](shape));
    const { stats } = network.init(Rng.fromSeed(0));
    const x = X([2, 8, 8, C], phase);
    const out = (input: tf.Tensor, ...given: tf.Tensor[]): tf.Tensor =>
      network.forward(
        Object.fromEntries(list.map((name, i) => [name, given[i]!])),
        stats,
        { x: input },
        {
          training: true,
        },
      ).outputs['y']!;
    const value = (...given: tf.Tensor[]): tf.Scalar =>
      tf.sum(tf.mul(out(given[0]!, ...given.slice(1)), R(output.shape, phase)));
    expect(await farthest(out(x, ...all), output)).toBeLessThan(1e-5);
    expect((await value(x, ...all).data())[0]).toBeCloseTo(scalar, 3);
    const [dx, ...dParams] = tf.grads(value as never)([x, ...all]);
    expect(await farthest(dx!, gradInput)).toBeLessThan(1e-4);
    expect(list.map((name) => made[name]![0]).toSorted()).toEqual(Object.keys(gradParams).toSorted());
    for (const [i, name] of list.entries())
      expect(await farthest(dParams[i]!, gradParams[made[name]![0]]!), name).toBeLessThan(1e-4);
  },
);
