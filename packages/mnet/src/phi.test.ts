import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { smallNetwork, smallOptions } from '../test/small.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { createMNet } from './mnet.ts';
import type { MNetOptions } from './options.ts';
import { preTokenWidth } from './tokens.ts';

const make = (options: Partial<MNetOptions> = {}): ReturnType<typeof createMNet> =>
  createMNet(smallNetwork.kernels, { ...smallOptions, ...options });
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const count = (mnet: ReturnType<typeof createMNet>, prefix: string): number =>
  mnet.names.filter((n) => n.startsWith(prefix)).reduce((sum, n) => sum + sizeOf(mnet.shapes[n]!), 0);

test.each([
  ['hidden', 2 ** 20],
  ['hidden', 4e12],
  ['blocks', 1e9],
  ['cells', 1e9],
  ['rank', 1e12],
  ['bins', 1e12],
] as const)('astrocytes with %s = %d are refused before anything is made', (name, value) => {
  const before = performance.now();
  expect(() => make({ [name]: value })).toThrow(
    expect.objectContaining({
      code: 'too-large',
      message: expect.stringMatching(/Nothing was allocated/) as string,
    }),
  );
  expect(performance.now() - before).toBeLessThan(5000);
});

describe('Phi', () => {
  test.each([
    ['all', true],
    ['own', true],
    ['none', false],
  ] as const)(
    'one astrocyte has as many parameters as section 12 says (temporal %s, chain %s)',
    (temporal, chain) => {
      const mnet = make({ temporal, chain });
      const { hidden: d, reduction: se, astrocytes: M, cells: K, bins } = mnet.options;
      const heard = { all: M * d * d + d, own: d * d + d, none: 0 }[temporal];
      const expected =
        preTokenWidth(bins) * d +
        d +
        (2 * d * d) / se +
        d / se +
        d +
        (chain ? d * d + d : 0) +
        heard +
        K * (8 * d * d + 4 * d);
      expect(count(mnet, 'astro.1.')).toBe(expected);
      // Nobody stands before the first one.
      expect(count(mnet, 'astro.0.')).toBe(expected - (chain ? d * d + d : 0));
    },
  );

  test('an LSTM cell has 4 h (i + h + 1) parameters', () => {
    expect(count(make(), 'astro.0.cells.0.')).toBe(4 * 8 * (8 + 8 + 1));
  });

  test('starts as section 12 says', () => {
    const mnet = make({ gamma0: 0.7 });
    const phi = mnet.init(Rng.fromSeed(5));
    expect(Object.keys(phi)).toEqual(mnet.names);
    for (const [name, tensor] of Object.entries(phi)) expect(tensor.shape, name).toEqual(mnet.shapes[name]);
    expectClose(phi['gamma']!, tf.fill([3], 0.7));
    for (const name of ['pa.weight', 'pa.bias', 'pb.bias', 'astro.0.embed.bias', 'vit.0.n1.bias']) {
      expect(tf.max(tf.abs(phi[name]!)).dataSync()[0], name).toBe(0);
    }
    expectClose(phi['norm.weight']!, tf.ones([8]));
    const forget = phi['astro.0.cells.1.b']!.dataSync();
    expect([...forget]).toEqual([...Array(8).fill(0), ...Array(8).fill(1), ...Array(16).fill(0)]);
    const wh = phi['astro.2.cells.0.wh']! as tf.Tensor2D;
    for (const block of tf.split(wh, 4, 1))
      expectClose(tf.matMul(block, block, true), tf.eye(8), { atol: 1e-5 });
    const limit = Math.sqrt(6 / (8 + 24));
    const qkv = phi['vit.0.qkv.weight']!.dataSync();
    expect(Math.max(...qkv.map(Math.abs))).toBeLessThanOrEqual(limit);
    expect(Math.max(...qkv.map(Math.abs))).toBeGreaterThan(0.9 * limit);
  });

  test('a tensor depends on the seed and its name only', () => {
    const [wide, narrow] = [make({ astrocytes: 4 }), make({ astrocytes: 2 })];
    const name = 'astro.1.cells.0.wx';
    expectClose(wide.init(Rng.fromSeed(9))[name]!, narrow.init(Rng.fromSeed(9))[name]!, { atol: 0, rtol: 0 });
  });

  test('with the chain one astrocyte at a time is active, and the shared parameters always', () => {
    const mnet = make();
    const shared = mnet.names.filter((name) => !name.startsWith('astro.'));
    const seen = new Set<string>();
    for (let pointer = 0; pointer < 3; pointer++) {
      const active = mnet.active(pointer);
      expect(active).toEqual(mnet.active(pointer + 3));
      const own = mnet.names.filter((name) => name.startsWith(`astro.${pointer}.`));
      expect([...active].sort()).toEqual([...shared, ...own].sort());
      for (const name of active) seen.add(name);
    }
    expect([...seen].sort()).toEqual([...mnet.names].sort());
    expect(make({ chain: false }).active(1)).toEqual(make({ chain: false }).names);
  });

  test('leaves nothing behind', () => {
    const mnet = make();
    expectNoLeak(() => mnet.init(Rng.fromSeed(1)));
    expectNoLeak(() => mnet.restState());
  });
});
