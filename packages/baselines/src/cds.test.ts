import { readFileSync } from 'node:fs';
import { cpu } from '@ma-net/backend-cpu';
import {
  crossEntropy,
  defineNetwork,
  type Network,
  type Params,
  Rng,
  type Sections,
  startBackend,
  type Task,
  valueAndGrad,
} from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bias,
  type ArrayOf,
  expectNear,
  filled,
  gain,
  inputOf,
  kernelOf,
  tensorOf,
} from '../test/formulas.ts';
import { branched, reducer } from './branches.ts';
import { cds, contrastiveTask } from './cds.ts';
import { cdsOptions } from './options.ts';
import { plain } from './plain.ts';
import { supervisedContrast } from './supervised-contrast.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface Fixture {
  readonly supcon: readonly {
    readonly mode: 'supcon' | 'simclr';
    readonly tau: number;
    readonly baseTau: number;
    readonly labels: readonly number[];
    readonly view1: ArrayOf;
    readonly view2: ArrayOf;
    readonly loss: number;
    readonly gradRaw1: ArrayOf;
    readonly gradRaw2: ArrayOf;
  }[];
  readonly total: {
    readonly labels: readonly number[];
    readonly logits: ArrayOf;
    readonly features: readonly ArrayOf[];
    readonly cases: readonly {
      readonly mode: 'supcon' | 'simclr';
      readonly ce: number;
      readonly contrastive: readonly number[];
      readonly total: number;
      readonly gradLogits: ArrayOf;
      readonly gradFeatures: readonly ArrayOf[];
    }[];
  };
  readonly reducer: readonly {
    readonly name: string;
    readonly mode: 'train' | 'eval';
    readonly inputShape: readonly number[];
    readonly channels: readonly number[];
    readonly pooled: ArrayOf;
    readonly gradInput?: ArrayOf;
    readonly gradInputAbsSum?: number;
    readonly gradParams: readonly Readonly<Record<string, ArrayOf>>[];
  }[];
}
const fixture = JSON.parse(readFileSync(new URL('../fixtures/cds.json', import.meta.url), 'utf8')) as Fixture;

const twice = (labels: readonly number[]): tf.Tensor1D => tf.tensor1d([...labels, ...labels], 'int32');

test.each(fixture.supcon.map((c, i) => [i, c.mode, c.tau, c] as const))(
  'contrast %i is the public one, with its gradient: %s at %f',
  async (_, mode, tau, { labels, view1, view2, baseTau, loss, gradRaw1, gradRaw2 }) => {
    const { value, grads } = valueAndGrad(
      ({ a, b }) => ({
        value: supervisedContrast(
          tf.concat([a!, b!]) as tf.Tensor2D,
          mode === 'supcon' ? twice(labels) : undefined,
          { temperature: tau, base: baseTau },
        ),
        aux: {},
      }),
      { a: tensorOf(view1), b: tensorOf(view2) },
      ['a', 'b'],
    );
    expect((await value.data())[0]! / loss).toBeCloseTo(1, 5);
    await expectNear(grads['a']!, gradRaw1, 5e-4);
    await expectNear(grads['b']!, gradRaw2, 5e-4);
  },
);

type Images = Readonly<Record<string, tf.Tensor>>;
const taskOn = (network: Network): Task<Images> => ({
  name: 'small',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images: x }) => ({ images: x! }),
  loss: ({ logits }, { labels_B }) => ({
    loss: crossEntropy(logits as tf.Tensor2D, labels_B as tf.Tensor1D),
  }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
});
const small = (numClasses = 3): Promise<Network> => createTNet('resnet-test', { numClasses });

test.each(fixture.total.cases.map((c) => [c.mode, c] as const))(
  'the loss is of the first view, and a tenth of all levels: %s',
  async (mode, expected) => {
    const network = await small();
    const { labels, logits, features } = fixture.total;
    const names = features.map((_, i) => `f${i}`);
    const task = contrastiveTask(
      taskOn(network),
      { network, features: names },
      cdsOptions.parse({ labels: mode === 'supcon' }),
    );
    const outputs: Params = Object.fromEntries([
      ['logits', tensorOf(logits)],
      ...features.map((feature, i) => [names[i]!, tensorOf(feature)]),
    ]);
    const { value, grads, aux } = valueAndGrad(
      (all) => {
        const terms = task.loss(all, { labels_B: twice(labels) }, { training: true });
        return { value: terms.loss, aux: { data: terms['data']!, contrast: terms['contrast']! } };
      },
      outputs,
      Object.keys(outputs),
    );
    expect((await value.data())[0]).toBeCloseTo(expected.total, 4);
    expect((await aux.data.data())[0]).toBeCloseTo(expected.ce, 5);
    expect((await aux.contrast.data())[0]).toBeCloseTo(
      expected.contrastive.reduce((a, b) => a + b),
      3,
    );
    await expectNear(grads['logits']!, expected.gradLogits, 1e-4);
    for (const [i, gradient] of expected.gradFeatures.entries())
      await expectNear(grads[names[i]!]!, gradient, 5e-4);
  },
);

describe.each(fixture.reducer.map((c) => [`${c.name}, ${c.mode}`, c] as const))('%s', (_, c) => {
  test('is the public branch, with its gradients', async () => {
    const [, ...widths] = c.channels;
    const network = defineNetwork('branch', { images: c.inputShape.slice(1) }, (net, { images: x }) => ({
      y: net.globalAveragePool(widths.reduce((at, out, i) => reducer(net, String(i), at, out), x)),
    }));
    const params: Record<string, tf.Tensor> = {};
    const ours: [string, string, number][] = [];
    for (const [i, out] of widths.entries()) {
      const ci = c.channels[i]!;
      const p = 10 * i;
      const all: [string, string, readonly number[], number[]][] = [
        ['dw1', 'depthwise1.weight', [3, 3, ci, 1], kernelOf([3, 3, ci], 9, p)],
        ['pw1', 'pointwise1.weight', [1, 1, ci, ci], kernelOf([1, 1, ci, ci], ci, p + 1)],
        ['g1', 'bn1.weight', [ci], gain(ci, p)],
        ['b1', 'bn1.bias', [ci], bias(ci, p)],
        ['dw2', 'depthwise2.weight', [3, 3, ci, 1], kernelOf([3, 3, ci], 9, p + 2)],
        ['pw2', 'pointwise2.weight', [1, 1, ci, out], kernelOf([1, 1, ci, out], ci, p + 3)],
        ['g2', 'bn2.weight', [out], gain(out, p + 1)],
        ['b2', 'bn2.bias', [out], bias(out, p + 1)],
      ];
      for (const [theirs, name, shape, values] of all) {
        params[`${i}.${name}`] = tf.tensor(values, [...shape]);
        ours.push([theirs, `${i}.${name}`, i]);
      }
    }
    const { stats } = network.init(Rng.fromSeed(0));
    const training = c.mode === 'train';
    const { grads, aux } = valueAndGrad(
      ({ images: x, ...w }) => {
        const { y } = network.forward(w, stats, { images: x! }, { training }).outputs;
        const unit = tf.div(y, tf.sqrt(tf.sum(tf.square(y), 1, true)));
        return { value: tf.sum(tf.mul(unit, filled(y.shape))), aux: { y } };
      },
      { ...params, images: inputOf(c.inputShape, 0) },
      [...Object.keys(params), 'images'],
    );
    await expectNear(aux.y, c.pooled, 1e-5);
    for (const [theirs, name, i] of ours) await expectNear(grads[name]!, c.gradParams[i]![theirs]!, 5e-4);
    if (c.gradInput !== undefined) await expectNear(grads['images']!, c.gradInput, 5e-4);
    else expect((await tf.sum(tf.abs(grads['images']!)).data())[0]! / c.gradInputAbsSum!).toBeCloseTo(1, 3);
  });
});

const total = ({ parameters }: Network): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

test.each([
  ['resnet18-cifar', 10, 11_900_490, [268_800, 254_976, 202_752, 0]],
  ['resnet50-cifar', 10, 34_831_946, [4_171_776, 3_969_024, 3_170_304, 0]],
  ['resnet18', 1000, 12_416_040, [268_800, 254_976, 202_752, 0]],
] as const)('%s of %i classes trains %i parameters', async (name, numClasses, count, each) => {
  const { network, features } = branched(await createTNet(name, { numClasses }));
  expect(total(network)).toBe(count);
  const of = (branch: string): number =>
    total({ ...network, parameters: network.parameters.filter((p) => p.name.startsWith(`${branch}.`)) });
  expect(features.map(of)).toEqual(each);
});

test('any network that names its maps has branches, and others are refused', async () => {
  for (const name of ['densenet-test', 'wide-resnet-test', 'swin-test', 'resnet-bottleneck-test']) {
    const whole = branched(await createTNet(name, { numClasses: 3 }));
    expect(whole.features.length).toBeGreaterThan(1);
  }
  const network = await small();
  const slim = network.resized({
    'layer1.0.conv1.weight': [3, 3, 4, 2],
    'layer1.0.conv2.weight': [3, 3, 2, 4],
  });
  expect(
    branched(slim).network.parameters.find(({ name }) => name === 'layer1.0.conv1.weight')!.shape,
  ).toEqual([3, 3, 4, 2]);
  const vit = await createTNet('vit-test', { numClasses: 3 });
  expect(() => branched(vit)).toThrow(/names 1 of its maps, and branches need two/);
  expect(() => branched(network, ['layer1', 'layer3'])).toThrow(
    expect.objectContaining({ code: 'unknown-name', message: expect.stringContaining('"layer3"') }),
  );
  expect(() =>
    cds().open({ ...taskOn(network), assign: {} as never }, { budget: 1, batchesPerEpoch: 1 }),
  ).toThrow(/decides about outputs of whole mini-batches/);
});

test('a step trains W and the branches, and what is evaluated has no trace of them', async () => {
  const network = await small();
  const method = cds();
  expect(method.views).toBe(2);
  expect(plain({ views: 2 }).views).toBe(2);
  const training = method.open(taskOn(network), { budget: 6, batchesPerEpoch: 2 });
  expect(training.rounds.map(({ length }) => length)).toEqual([2, 2, 2]);
  const rng = Rng.fromSeed(4);
  const state: Sections = { ...network.init(rng.split('network')), ...training.init(rng) };
  expect(Object.keys(state['branches']!).every((name) => name.startsWith('branches.'))).toBe(true);
  const x = tf.tensor(Rng.fromSeed(5).normals(6 * 192, 1), [6, 8, 8, 3]);
  const batch = { images: x, labels_B: twice([0, 1, 0]) };
  const ctx = { training: true };
  const before = tf.memory().numTensors;
  const step = await training.step(0, training.rounds[0]!, state, batch, ctx);
  for (const section of ['params', 'branches'] as const) {
    const grads = step.grads[section]!;
    expect(Object.keys(grads).toSorted()).toEqual(Object.keys(state[section]!).toSorted());
    for (const g of Object.values(grads)) expect((await g.data()).some((value) => value !== 0)).toBe(true);
  }
  expect(Object.keys(step.stats).toSorted()).toEqual(Object.keys(state.stats).toSorted());
  tf.dispose([step.terms, step.grads, step.stats] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
  const weights = training.weights(state);
  expect(Object.keys(weights)).toEqual(network.parameters.map(({ name }) => name));

  const odd = training.step(0, training.rounds[0]!, state, { ...batch, images: tf.zeros([5, 8, 8, 3]) }, ctx);
  await expect(odd).rejects.toMatchObject({ code: 'bad-argument' });
  const { images: alone } = batch;
  const unlabelled = training.step(0, training.rounds[0]!, state, { images: alone }, ctx);
  await expect(unlabelled).rejects.toThrow(/have no labels/);
});
