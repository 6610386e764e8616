// Dropout and stochastic depth: what drops at random.

import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../../test/cpu.ts';
import { expectClose } from '../../test/numerics.ts';
import { defineNetwork } from '../define.ts';
import { Rng } from '../rng.ts';

describe('what drops at random', () => {
  const network = defineNetwork('drops', { x: [4, 5] }, (net, { x }) => ({
    numbers: net.dropout('a', x, { rate: 0.3 }),
    others: net.dropout('b', x, { rate: 0.3 }),
    again: net.dropout('a', x, { rate: 0.3 }),
    branches: net.dropPath('c', x, { rate: 0.3 }),
  }));
  const batch = 500;
  const x = tf.ones([batch, 4, 5]);
  const run = async (rng: Rng | undefined, training = true): Promise<Record<string, number[]>> => {
    const { outputs } = network.forward({}, {}, { x }, rng === undefined ? { training } : { training, rng });
    const read = Object.entries(outputs).map(
      async ([name, t]): Promise<[string, number[]]> => [name, [...(await t.data())]],
    );
    return Object.fromEntries(await Promise.all(read));
  };

  test('keeps its part and its mean', async () => {
    const found = await run(Rng.fromSeed(1));
    for (const [name, count] of [
      ['numbers', batch * 20],
      ['branches', batch],
    ] as const) {
      const values = name === 'branches' ? found[name]!.filter((_, i) => i % 20 === 0) : found[name]!;
      const dropped = values.filter((value) => value === 0).length;
      expect(values.every((value) => value === 0 || Math.abs(value - 1 / 0.7) < 1e-6)).toBe(true);
      // Within four standard deviations of a binomial distribution.
      expect(Math.abs(dropped - 0.3 * count)).toBeLessThan(4 * Math.sqrt(count * 0.3 * 0.7));
    }
    for (let image = 0; image < batch; image++) {
      const whole = found['branches']!.slice(image * 20, (image + 1) * 20);
      expect(new Set(whole).size).toBe(1);
    }
  });

  test('follows from the generator and the name, and does not move the generator', async () => {
    const rng = Rng.fromSeed(1);
    const [first, second, other] = [await run(rng), await run(rng), await run(Rng.fromSeed(2))];
    expect(second).toEqual(first);
    expect(other['numbers']).not.toEqual(first['numbers']);
    expect(first['others']).not.toEqual(first['numbers']);
    expect(first['again']).not.toEqual(first['numbers']);
  });

  test('passes everything on when it does not train, with or without random numbers', async () => {
    for (const rng of [undefined, Rng.fromSeed(1)]) {
      for (const values of Object.values(await run(rng, false)))
        expect(new Set(values)).toEqual(new Set([1]));
    }
  });

  test('drops more branches the further the run is, where it is asked for', async () => {
    const ramped = defineNetwork('ramped', { x: [1] }, (net, { x: given }) => ({
      y: net.dropPath('c', given, { rate: 0.4, ramp: true }),
    }));
    const dropped = async (progress?: number): Promise<number> => {
      const ctx = { training: true, rng: Rng.fromSeed(5), ...(progress === undefined ? {} : { progress }) };
      const y = await ramped.forward({}, {}, { x: tf.ones([2000, 1]) }, ctx).outputs.y.data();
      return y.filter((value) => value === 0).length;
    };
    expect(await dropped(0)).toBe(0);
    expect(Math.abs((await dropped(0.5)) - 400)).toBeLessThan(72);
    expect(Math.abs((await dropped(1)) - 800)).toBeLessThan(88);
    expect(await dropped()).toBe(await dropped(1));
  });

  test('has the gradient of its mask', async () => {
    const rng = Rng.fromSeed(3);
    const f = (t: tf.Tensor): tf.Tensor =>
      network.withOutputs(['numbers']).forward({}, {}, { x: t }, { training: true, rng }).outputs.numbers;
    await expectClose(tf.grad(f)(x), await f(x).data());
  });

  test('asks for random numbers while it trains', async () => {
    await expect(run(undefined)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('layer "a"') as string,
    });
  });

  test.each([-0.1, 1, Number.NaN])('refuses a rate of %d', (rate) => {
    expect(() =>
      defineNetwork('x', { x: [2] }, (net, { x: given }) => ({ y: net.dropPath('d', given, { rate }) })),
    ).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
