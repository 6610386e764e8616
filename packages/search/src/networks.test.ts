// The networks of genotypes: how many parameters they have, what they compute, what drops.

import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Network, Rng, startBackend } from '@ma-net/core';
import { countMacs } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { B, farthest, fixture, G, R, type Values, W, X } from '../test/formulas.ts';
import { dartsNetwork } from './darts-network.ts';
import { nasBench201Cell, nasBench201Network } from './nas-bench-201-network.ts';
import type { OperationName } from './operations.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface Counts {
  readonly darts: Readonly<
    Record<
      string,
      {
        readonly genotype: unknown;
        readonly nets: readonly {
          readonly C: number;
          readonly layers: number;
          readonly classes: number;
          readonly params: number;
          readonly withoutAux: number;
          readonly cells: readonly number[];
        }[];
      }
    >
  >;
  readonly nb201: Readonly<
    Record<string, { readonly string: string; readonly C10: number; readonly tiny: number }>
  >;
}
const counts = fixture<Counts>('counts');
const sizeOf = ({ parameters }: Network, prefix = ''): number =>
  parameters
    .filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('networks of genotypes have exactly the parameters of the authors', () => {
  test.each(Object.entries(counts.darts))('DARTS, %s', (name, { genotype, nets }) => {
    // The large ones take their time to describe: two of them say it for all.
    const some = /^DARTS/.test(name) ? nets : nets.filter(({ C }) => C < 36);
    for (const { C, layers, classes, params, withoutAux, cells } of some) {
      const network = dartsNetwork(
        'darts',
        { genotype, channels: C, layers, auxiliary: true },
        { numClasses: classes },
      );
      expect(sizeOf(network)).toBe(withoutAux);
      expect(sizeOf(network.withOutputs(['logits', 'auxiliary']))).toBe(params);
      expect(cells.map((__, i) => sizeOf(network, `cells.${i}.`))).toEqual(cells);
    }
  });

  test.each(Object.entries(counts.nb201))('NAS-Bench-201, %s', (_, { string: genotype, C10, tiny }) => {
    // Where nothing reads node 1, nobody declares the convolution that makes it.
    const unread = /^\|nor_conv_3x3~0\|\+\|.*none~1\|\+\|.*none~1/.test(genotype);
    const idle = [16, 32, 64].reduce((sum, C) => sum + 5 * (9 * C * C + 2 * C), 0);
    expect(sizeOf(nasBench201Network('b', { genotype }, { numClasses: 10 }))).toBe(C10 - (unread ? idle : 0));
    if (unread) return;
    expect(sizeOf(nasBench201Network('b', { genotype, channels: 4, cells: 1 }, { numClasses: 10 }))).toBe(
      tiny,
    );
  });
});

test('multiply-accumulates are those of its layers; on ImageNet it has the parameters of its paper', () => {
  const network = dartsNetwork(
    'darts',
    { genotype: 'DARTS_V2', channels: 48, layers: 14, stem: 'imagenet', auxiliary: true },
    { numClasses: 1000 },
  );
  // Liu et al. 2019, Table 3: 4.7 million.
  expect(sizeOf(network)).toBe(4_718_752);
  // The table has 574 million, which is no count that we know of: the second classifier is 1.6 million more, and normalisation,
  // activations, pooling and sums come to 17 million at most. 50 channels make 573.5 million, but 5.1 million parameters.
  expect(countMacs(network)).toBe(529_911_552);
  expect(countMacs(network.withOutputs(['logits', 'auxiliary']))).toBe(531_465_984);
  const cifar = dartsNetwork('darts', { genotype: 'DARTS_V2', channels: 4, layers: 3 }, { numClasses: 10 });
  // By hand: a 3x3 stem to 12 channels at 32 x 32, the classifier, and the cells.
  const macsOf = (prefix: string): number =>
    cifar.parameters
      .filter(({ name }) => name.startsWith(prefix))
      .reduce((sum, { shape, positions }) => sum + shape.reduce((a, b) => a * b, 1) * positions, 0);
  expect(macsOf('stem.')).toBe(9 * 3 * 12 * 1024);
  expect(macsOf('cells.0._ops.0.')).toBe(1024 * 2 * (9 * 4 + 16));
  // Cell 1 halves the image: the factorised halves of its first input, and a maximum, which multiplies nothing.
  expect(macsOf('cells.1.preprocess0.')).toBe(1024 * 12 * 8);
  expect(macsOf('cells.1._ops.0.')).toBe(0);
  expect(countMacs(cifar)).toBe(macsOf(''));
});

test('what drops in a branch is dropped image by image, and passing on never is', async () => {
  interface Dropped {
    readonly dropProb: number;
    readonly mask: readonly number[];
    readonly output: Values;
  }
  const { phase, dropPath, ramp } = fixture<{
    readonly phase: number;
    readonly dropPath: readonly Dropped[];
    readonly ramp: readonly number[];
  }>('derive_droppath');
  for (const { dropProb, mask, output } of dropPath) {
    const network = defineNetwork('branch', { x: [2, 2, 3] }, (net, { x }) => ({
      y: net.dropPath('b', x, { rate: dropProb, ramp: true }),
    }));
    // A seed whose draws drop the images of the fixture.
    const x = X([4, 2, 2, 3], phase);
    const run = (seed: number): tf.Tensor =>
      network.forward({}, {}, { x }, { training: true, rng: Rng.fromSeed(seed) }).outputs.y;
    const shows = async (y: tf.Tensor): Promise<string> =>
      Array.from(await tf.max(tf.abs(y), [1, 2, 3]).data(), (value) => Math.sign(value)).join();
    let seed = 0;
    while ((await shows(run(seed))) !== mask.join()) seed++;
    expect(await farthest(run(seed), output)).toBeLessThan(1e-6);
  }
  // 0.2 at the end of 600 epochs, at the beginning of epochs 0, 1, 300, 599.
  expect([0, 1, 300, 599].map((epoch) => (0.2 * epoch) / 600)).toEqual(
    ramp.map((rate) => expect.closeTo(rate, 9)),
  );
});

interface CellCase {
  readonly name: string;
  readonly cell: readonly OperationName[];
  readonly output: Values;
  readonly scalar: number;
  readonly gradInput: Values;
}
const bench = fixture<{ readonly cases: readonly CellCase[]; readonly phase?: number }>('nb201_cell');

test.each(bench.cases.map((one) => [one.name, one] as const))(
  'a cell of NAS-Bench-201, %s: value and gradient',
  async (_, { cell, output, gradInput }) => {
    const phase = bench.phase ?? 0;
    const network = defineNetwork('cell', { x: [6, 6, 4] }, (net, { x }) => ({
      y: nasBench201Cell({ net, affine: true }, cell, x, 'c'),
    }));
    const params = Object.fromEntries(
      network.parameters.map(({ name, shape }): [string, tf.Tensor] => {
        const p = phase + 10 * Number(/layers\.(\d)/.exec(name)![1]);
        if (name.endsWith('op.1.weight')) return [name, W(shape, 4 * shape[0]! * shape[1]!, p)];
        return [name, name.endsWith('weight') ? G(4, p) : B(4, p)];
      }),
    );
    const { stats } = network.init(Rng.fromSeed(0));
    const y = (x: tf.Tensor): tf.Tensor =>
      network.forward(params, stats, { x }, { training: true }).outputs.y;
    const x = X([2, 6, 6, 4], phase);
    expect(await farthest(y(x), output)).toBeLessThan(1e-5);
    const dx = tf.grad((given: tf.Tensor) => tf.sum(tf.mul(y(given), R(output.shape, phase))))(x);
    expect(await farthest(dx, gradInput)).toBeLessThan(1e-4);
  },
);
