import { cpu } from '@ma-net/backend-cpu';
import { crossEntropy, defineNetwork, type Network, type Params, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { farthest, fixture, R, type Values, W, X } from '../test/formulas.ts';
import { weigh } from './layers/weigh.ts';
import { operation, type OperationName } from './operations.ts';
import { spaceOf } from './space.ts';
import { supernet, supernetOf } from './supernet.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const numberOf = ({ parameters }: Network): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

interface Counted {
  readonly C: number;
  readonly layers: number;
  readonly classes: number;
  readonly ops: number;
  readonly k: number;
  readonly params: number;
}

test.each(fixture<{ readonly supernet: readonly Counted[] }>('counts').supernet)(
  'the supernet of $C channels, $layers cells, $ops operations, 1/$k of the channels has $params parameters',
  ({ C, layers, classes, ops, k, params }) => {
    const network = supernet(
      'darts',
      { space: 'darts', channels: C, layers, none: ops === 8, partial: k, poolNorm: k === 1 },
      { numClasses: classes },
    );
    expect(numberOf(network)).toBe(params);
    expect([network.space.operations.length, network.cells]).toEqual([ops, layers]);
  },
);

interface Mixed {
  readonly stride: 1 | 2;
  readonly alpha: Values;
  readonly output: Values;
  readonly gradAlpha: Values;
  readonly gradInput: Values;
}
const mixed = fixture<{
  readonly phase: number;
  readonly ops: readonly OperationName[];
  readonly cases: readonly Mixed[];
}>('mixed_op');

/** The fixtures' number of a weight: `p` of the operation, by the end of its name. */
function weight(name: string, shape: readonly number[], p: number): tf.Tensor {
  const end = /(op\.\d|conv_\d)\.weight$/.exec(name)![1]!;
  const at = { 'op.1': 0, 'op.2': 1, 'op.5': 2, 'op.6': 3, conv_1: 0, conv_2: 1 }[end]!;
  const fan = shape[3] === 1 ? shape[0]! * shape[1]! : shape[2]!;
  return W(shape, fan, p + at);
}

test.each(mixed.cases.map((one) => [one.stride, one] as const))(
  'a weighted sum of operations with stride %i: value, gradient, gradient of its weights',
  async (stride, { alpha, output, gradAlpha, gradInput }) => {
    const { phase, ops } = mixed;
    const columns = ops.flatMap((op, o) => (op === 'none' ? [] : [o]));
    const network = defineNetwork('edge', { x: [8, 8, 4] }, (net, { x }) => {
      const values = columns.map((o) =>
        operation({ net, affine: false, poolNorm: true }, ops[o]!, x, { name: `o${o}`, channels: 4, stride }),
      );
      return { y: net.apply(weigh, 'weights', values, { edge: 0, columns }) };
    });
    const params = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [
        name,
        weight(name, shape, phase + 3 + 10 * Number(/^o(\d)/.exec(name)![1])),
      ]),
    );
    const { stats } = network.init(Rng.fromSeed(0));
    const y = (x: tf.Tensor, a: tf.Tensor): tf.Tensor => {
      const weights = tf.reshape(tf.softmax(a as tf.Tensor1D), [1, ops.length]);
      return network.forward({ ...params, weights }, stats, { x }, { training: true }).outputs.y;
    };
    const [x, a] = [X([2, 8, 8, 4], phase), tf.tensor1d(alpha.data)];
    expect(await farthest(y(x, a), output)).toBeLessThan(1e-5);
    const loss = (...given: tf.Tensor[]): tf.Scalar =>
      tf.sum(tf.mul(y(given[0]!, given[1]!), R(output.shape, phase)));
    const [dx, da] = tf.grads(loss as never)([x, a]);
    expect(await farthest(dx!, gradInput)).toBeLessThan(1e-4);
    expect(await farthest(da!, gradAlpha)).toBeLessThan(1e-4);
  },
);

interface Whole {
  readonly layers: number;
  readonly C: number;
  readonly classes: number;
  readonly alphasNormal: Values;
  readonly alphasReduce: Values;
  readonly logits: Values;
  readonly labels: readonly number[];
  readonly loss: number;
  readonly gradFc: Values;
  readonly gradAlphasNormal: Values;
  readonly gradAlphasReduce: Values;
}
const whole = fixture<{ readonly phase: number; readonly cases: readonly Whole[] }>('supernet');

test.each(whole.cases.map((one) => [one.layers, one] as const))(
  'a supernet of %i cells: loss, and gradients of classifier and architecture',
  async (layers, one) => {
    const { phase } = whole;
    const network = supernet(
      'darts',
      { space: 'darts', channels: one.C, layers, none: true },
      { numClasses: one.classes, inputShape: [8, 8, 3] },
    );
    // The fixture counts layers in the order in which the authors' code makes them.
    let n = 1;
    const places = new Map<string, number>();
    for (let i = 0; i < layers; i++)
      for (const layer of ['preprocess0', 'preprocess1', ...network.space.edges.map((_, e) => `_ops.${e}`)])
        places.set(`cells.${i}.${layer}.`, n++);
    const params: Record<string, tf.Tensor> = {};
    for (const { name, shape } of network.parameters) {
      const place = [...places].find(([prefix]) => name.startsWith(prefix))?.[1];
      if (name === 'stem.0.weight') params[name] = W(shape, 27, phase);
      else if (name === 'classifier.weight') params[name] = W(shape, shape[0]!, phase + 3);
      else if (place === undefined)
        params[name] = name === 'stem.1.weight' ? tf.ones([...shape]) : tf.zeros([...shape]);
      else if (name.includes('preprocess'))
        params[name] = W(shape, shape[2]!, phase + 7 * place + (name.includes('conv_2') ? 1 : 0));
      else
        params[name] = weight(
          name,
          shape,
          phase + 7 * place + 10 * Number(/_ops\.\d+\._ops\.(\d)/.exec(name)![1]),
        );
    }
    const { stats } = network.init(Rng.fromSeed(0));
    const images = X([2, 8, 8, 3], phase);
    const logits = (normal: tf.Tensor, reduce: tf.Tensor, fc: tf.Tensor): tf.Tensor2D => {
      const given: Params = {
        ...params,
        'classifier.weight': fc,
        'weights.normal': tf.softmax(normal as tf.Tensor2D),
        'weights.reduce': tf.softmax(reduce as tf.Tensor2D),
      };
      return network.forward(given, stats, { images }, { training: true }).outputs.logits as tf.Tensor2D;
    };
    const tensor = ({ data, shape }: Values): tf.Tensor => tf.tensor(data, shape);
    const given = [tensor(one.alphasNormal), tensor(one.alphasReduce), params['classifier.weight']!] as const;
    expect(await farthest(logits(...given), one.logits)).toBeLessThan(1e-5);
    // One cell reduces: what is chosen for others then changes nothing, which tfjs takes for a mistake.
    const loss = (...x: tf.Tensor[]): tf.Scalar =>
      tf.add(
        crossEntropy(logits(x[0]!, x[1]!, x[2]!), tf.tensor1d([...one.labels], 'int32')),
        tf.mul(tf.sum(x[0]!), 0),
      );
    expect((await loss(...given).data())[0]).toBeCloseTo(one.loss, 5);
    const [normal, reduce, fc] = tf.grads(loss as never)([...given]);
    expect(await farthest(fc!, one.gradFc)).toBeLessThan(5e-4);
    expect(await farthest(reduce!, one.gradAlphasReduce)).toBeLessThan(5e-4);
    expect(await farthest(normal!, one.gradAlphasNormal)).toBeLessThan(5e-4);
  },
);

interface Derived {
  readonly derive: readonly { readonly alpha: Values; readonly genotype: unknown }[];
}

test.each(fixture<Derived>('derive_droppath').derive)(
  'the genotype of architecture weights',
  ({ alpha, genotype }) => {
    const { shape, data } = alpha;
    const width = shape[1]!;
    const rows = Array.from({ length: shape[0]! }, (_, e) => {
      const powers = data.slice(e * width, (e + 1) * width).map(Math.exp);
      const sum = powers.reduce((a, b) => a + b);
      return powers.map((value) => value / sum);
    });
    expect(spaceOf('darts', { none: true }).genotypeOf({ normal: rows, reduce: rows })).toMatchObject({
      normal: genotype,
      reduce: genotype,
    });
  },
);

describe('a path', () => {
  test.each(['darts', 'nas-bench-201'] as const)(
    'of %s computes what the supernet does with weights of 0 and 1',
    async (name) => {
      const network = supernet(
        name,
        { space: name, channels: 4, layers: name === 'darts' ? 3 : 1 },
        {
          numClasses: 3,
          inputShape: [8, 8, 1],
        },
      );
      const { space } = network;
      const rng = Rng.fromSeed(3);
      const path = Object.fromEntries(
        space.cells.map((cell) => [
          cell,
          space.edges.map((_, e) =>
            name === 'darts' && e % 3 === 2 ? -1 : rng.integer(space.operations.length),
          ),
        ]),
      );
      const weights = Object.fromEntries(
        space.cells.map((cell) => [
          `weights.${cell}`,
          tf.tensor2d(path[cell]!.map((o) => space.operations.map((_, k) => (k === o ? 1 : 0)))),
        ]),
      );
      const { params, stats } = network.init(Rng.fromSeed(1));
      const images = tf.tensor4d(Rng.fromSeed(2).normals(128, 1), [2, 8, 8, 1]);
      const one = network.path(path);
      expect(network.path({ ...path })).toBe(one);
      const names = new Set(network.parameters.map((p) => p.name));
      expect(one.parameters.every((p) => names.has(p.name))).toBe(true);
      const ctx = { training: true };
      const expected = await network
        .forward({ ...params, ...weights }, stats, { images }, ctx)
        .outputs.logits.data();
      const found = await one.forward(params, stats, { images }, ctx).outputs['logits']!.data();
      found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    },
  );
});

test('a network that is no supernet is refused', () => {
  const network = defineNetwork('x', { x: [2] }, (net, { x }) => ({ y: net.relu(x) }));
  expect(() => supernetOf(network)).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
});
