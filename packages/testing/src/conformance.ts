// One suite that every backend runs: it computes what the framework computes, and agrees with the reference
// within the tolerance that its adapter publishes.

import { type BackendAdapter, Rng, type RunningBackend, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Case, differentiated, gradientsOf, normal, preparedValuesOf, valuesOf } from './case.ts';
import { arithmetic } from './cases/arithmetic.ts';
import { convolution } from './cases/convolution.ts';
import { layers } from './cases/layers.ts';
import { pooling } from './cases/pooling.ts';
import { products } from './cases/products.ts';
import { reductions4D } from './cases/reductions.ts';
import { shapes } from './cases/shapes.ts';
import { difference } from './closeness.ts';
import { expectNoLeak } from './leaks.ts';
import { notHere } from './not-here.ts';
import { onReference } from './reference.ts';

export interface Skip {
  /** Name of a test, as printed. */
  readonly test: string;
  readonly why: string;
}

const families = {
  convolution,
  pooling,
  products,
  arithmetic,
  reductions: reductions4D,
  shapes,
  'layers and networks': layers,
};

export const cases: readonly Case[] = Object.values(families).flat();

/**
 * Declares the suite for `adapter`. Where its probe fails, one skipped test says why (with CI set, a failed one). A skip that names no
 * test fails, so that none outlives its reason.
 */
export function conformance(
  adapter: BackendAdapter,
  { skip = [] }: { readonly skip?: readonly Skip[] } = {},
): void {
  describeOn(adapter, `conformance of ${adapter.name}`, (running) => {
    const unused = new Set(skip.map((s) => s.test));
    const check = (name: string, body: () => Promise<void>): void => {
      unused.delete(name);
      const skipped = skip.find((s) => s.test === name);
      if (skipped === undefined) test(name, body);
      else test.skip(`${name} (${skipped.why})`, body);
    };

    for (const one of cases) {
      check(one.name, () => agrees(adapter, one, running()));
      if (differentiated(one).length > 0) check(`${one.name}, gradient`, () => gradientAgrees(adapter, one));
    }
    for (const [name, body] of Object.entries(behaviours)) check(name, () => body(running()));

    test('every skip names a test', () => expect([...unused]).toEqual([]));
  });
}

/** Names of its tests, by what they are about. */
export function conformanceTests(): Record<string, readonly string[]> {
  const namesOf = (some: readonly Case[]): string[] =>
    some.flatMap((one) => [one.name, ...(differentiated(one).length > 0 ? [`${one.name}, gradient`] : [])]);
  const programs = Object.entries(families).map(([family, some]) => [family, namesOf(some)] as const);
  return { ...Object.fromEntries(programs), behaviour: Object.keys(behaviours) };
}

/** For a test that hangs: a GPU in software on a busy machine took 30 s for one that takes one. */
const LIMIT_MS = 600_000;

/**
 * `describe` on a started backend. Where the probe fails, one test says why, see `notHere`; nothing passes
 * silently. The body gets the running backend by a function, for use inside its tests.
 */
export function describeOn(
  adapter: BackendAdapter,
  name: string,
  body: (running: () => RunningBackend) => void,
): void {
  describe(name, { timeout: LIMIT_MS }, async () => {
    const probe = await adapter.probe();
    if (!probe.ok) {
      notHere(adapter.name, probe.reason);
      return;
    }
    let running: RunningBackend | undefined;
    beforeAll(async () => {
      running = await startBackend(adapter);
    }, LIMIT_MS);
    body(() => running!);
  });
}

/** `running`: where functions that it makes ready are held to the reference, too. */
export async function agrees(
  adapter: BackendAdapter,
  one: Case,
  running: Pick<RunningBackend, 'prepare'> = {},
): Promise<void> {
  const expected = await onReference(() => valuesOf(one));
  const [found, prepared = found] = [await valuesOf(one), await preparedValuesOf(one, running)];
  for (const [how, values] of Object.entries({ output: found, 'prepared, output': prepared })) {
    expect(values.length).toBe(expected.length);
    values.forEach((numbers, i) => {
      const reason = difference(numbers, expected[i]!, adapter.tolerance);
      if (reason !== undefined) expect.fail(`${how} ${i}: ${reason}`);
    });
  }
}

export async function gradientAgrees(adapter: BackendAdapter, one: Case): Promise<void> {
  const expected = await onReference(() => gradientsOf(one));
  const found = await gradientsOf(one);
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, numbers] of Object.entries(found)) {
    const reason = difference(numbers, expected[name]!, adapter.tolerance);
    if (reason !== undefined) expect.fail(`gradient to ${name}: ${reason}`);
  }
}

const draw = (label: string, ...shape: number[]): tf.Tensor => {
  const { data } = normal(Rng.fromSeed(3).split(label), ...shape);
  return tf.tensor(data, shape);
};

/** What a backend does beyond kernels. */
const behaviours: Readonly<Record<string, (running: RunningBackend) => Promise<void>>> = {
  'sync > resolves with and without work': async (running) => {
    await running.sync();
    const y = tf.tidy(() => tf.matMul(draw('a', 8, 8), draw('b', 8, 8)));
    await running.sync();
    await y.data();
    await running.sync();
    y.dispose();
  },
  'reading > twice gives the same numbers': async () => {
    const y = tf.tidy(() => tf.exp(draw('x', 5, 5)));
    const [first, second] = [await y.data(), await y.data()];
    expect([...first]).toEqual([...second]);
    y.dispose();
  },
  'reading > what was uploaded': async () => {
    const host = normal(Rng.fromSeed(4), 4, 5);
    const x = tf.tensor(host.data, [4, 5]);
    expect([...(await x.data())]).toEqual([...host.data]);
    x.dispose();
  },
  'reading > several at once': async () => {
    const x = draw('x', 4);
    const [a, b] = tf.tidy(() => [tf.mul(x, 2), tf.add(x, 1)] as const);
    const [twice, more, raw] = await Promise.all([a.data(), b.data(), x.data()]);
    raw.forEach((v, i) => {
      expect(twice[i]).toBeCloseTo(2 * v, 5);
      expect(more[i]).toBeCloseTo(v + 1, 5);
    });
    tf.dispose([x, a, b]);
  },
  'disposal > an input disposed before the result is read': async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const y = tf.mul(x, 2);
    x.dispose();
    expect([...(await y.data())]).toEqual([2, 4, 6]);
    y.dispose();
  },
  'disposal > one of two views of the same numbers': async () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    const y = tf.reshape(x, [2, 2]);
    const z = y.clone();
    x.dispose();
    y.dispose();
    expect([...(await z.data())]).toEqual([1, 2, 3, 4]);
    z.dispose();
  },
  'disposal > a training step leaves nothing behind': async (running) => {
    const step = layers.find((one) => one.name === 'network > residual, in training')!;
    await expectNoLeak(async () => {
      await gradientsOf(step);
      await running.sync();
    });
  },
  'determinism > the same step twice gives the same bits': async () => {
    const step = layers.find((one) => one.name === 'network > residual, in training')!;
    const [first, second] = [await gradientsOf(step), await gradientsOf(step)];
    for (const [name, { data }] of Object.entries(first)) {
      const again = second[name]!.data;
      expect(Array.from(data).every((v, i) => Object.is(v, again[i]))).toBe(true);
    }
  },
  'steps > a weight updated over and over, one sync each': async (running) => {
    // w <- w - 0.5 (w - 1) halves the distance to 1 each time: 1 - 2^-n from 0.
    let w = tf.scalar(0) as tf.Tensor;
    for (let step = 0; step < 6; step++) {
      const next = tf.tidy(() => tf.sub(w, tf.mul(tf.sub(w, 1), 0.5)));
      w.dispose();
      w = next;
      await running.sync();
    }
    expect((await w.data())[0]).toBeCloseTo(1 - 2 ** -6, 6);
    w.dispose();
  },
};
