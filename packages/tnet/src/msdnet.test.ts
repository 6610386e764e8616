import { readFileSync } from 'node:fs';
import { crossEntropy, type Network, param, Rng, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { msdnet } from './msdnet.ts';
import { createTNet } from './zoo.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

interface Counts {
  readonly total: number;
  readonly blockParams: readonly number[];
  readonly classifierParams: readonly number[];
  readonly pathParams: readonly number[];
}
const { configs } = JSON.parse(
  readFileSync(new URL('../fixtures/msdnet/counts.json', import.meta.url), 'utf8'),
) as { readonly configs: Readonly<Record<string, Counts>> };

const numbers = ({ parameters }: Pick<Network, 'parameters'>): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe.each([
  ['cifar100_anytime', 'msdnet-cifar', 100],
  ['cifar100_budgeted', 'msdnet-cifar-budget', 100],
  ['cifar10_anytime', 'msdnet-cifar', 10],
  ['cifar10_budgeted', 'msdnet-cifar-budget', 10],
  ['imagenet_step4', 'msdnet-imagenet-4', 1000],
  ['imagenet_step5', 'msdnet-imagenet-5', 1000],
  ['imagenet_step6', 'msdnet-imagenet-6', 1000],
  ['imagenet_step7', 'msdnet-imagenet-7', 1000],
] as const)('%s', (config, name, numClasses) => {
  test('has the parameters of the public code, block by block and exit by exit', async () => {
    const network = await createTNet(name, { numClasses });
    const counts = configs[config]!;
    const of = (...prefixes: readonly string[]): number =>
      numbers({
        parameters: network.parameters.filter((p) => prefixes.some((one) => p.name.startsWith(one))),
      });
    expect(numbers(network)).toBe(counts.total);
    const blocks = counts.blockParams.map((_, i) => of(`blocks.${i}.`, ...(i === 0 ? ['stem.'] : [])));
    expect(blocks).toEqual(counts.blockParams);
    expect(counts.classifierParams.map((_, i) => of(`exits.${i}.`))).toEqual(counts.classifierParams);
  });
});

test('what an exit needs is less than the whole, and each needs its own classifier alone', async () => {
  const network = await createTNet('msdnet-digits', { numClasses: 10 });
  expect(network.outputs.map(({ name }) => name)).toEqual(['exit1', 'exit2', 'exit3', 'logits']);
  const alone = ['exit1', 'exit2', 'exit3'].map((exit) => network.withOutputs([exit]));
  const counts = alone.map(numbers);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  const classifiers = (net: Network): unknown =>
    net.parameters.filter(({ name }) => name.endsWith('fc.weight')).map(({ name }) => name);
  expect(alone.map(classifiers)).toEqual([
    ['exits.0.fc.weight'],
    ['exits.1.fc.weight'],
    ['exits.2.fc.weight'],
  ]);
  // An exit that is boosted needs those before it.
  const boosted = await createTNet('msdnet-digits', { numClasses: 10, exits: { boost: 0.5 } });
  expect(classifiers(boosted.withOutputs(['exit2']))).toEqual(['exits.0.fc.weight', 'exits.1.fc.weight']);
});

const shape = {
  blocks: 3,
  base: 1,
  step: 1,
  channels: 4,
  growth: 4,
  factors: [1, 2],
  bottlenecks: [1, 2],
  stem: 'cifar',
  inputShape: [8, 8, 2],
} as const;
const images = (): tf.Tensor => tf.tensor(Rng.fromSeed(2).normals(3 * 128, 1), [3, 8, 8, 2]);
const outputsOf = (exits: { boost?: number; rescale?: boolean }): Record<string, tf.Tensor> => {
  const network = msdnet('tiny', shape, { numClasses: 3, exits });
  const { params, stats } = network.init(Rng.fromSeed(1));
  return network.forward(params, stats, { images: images() }, { training: false }).outputs;
};
/** Of the sum of the losses of `exits`. */
async function gradients(options: { boost?: number; rescale?: boolean }, exits: readonly number[]) {
  const network = msdnet('tiny', shape, { numClasses: 3, exits: options });
  const { params, stats } = network.init(Rng.fromSeed(1));
  const { grads } = valueAndGrad(
    (w) => {
      const outputs: Record<string, tf.Tensor> = network.forward(
        w,
        stats,
        { images: images() },
        { training: false },
      ).outputs;
      const losses = exits.map((n) => crossEntropy(outputs[`exit${n}`]!, tf.tensor1d([0, 1, 2], 'int32')));
      return { value: tf.addN(losses) as tf.Scalar, aux: {} };
    },
    params,
    Object.keys(params),
  );
  return async (name: string): Promise<number[]> => [...(await param(grads, name).data())];
}

test('exits add what the ones before say, times the boost', async () => {
  const [alone, boosted] = [outputsOf({}), outputsOf({ boost: 0.5, rescale: true })];
  const read = async (of: Record<string, tf.Tensor>, n: number): Promise<number[]> => [
    ...(await of[`exit${n}`]!.data()),
  ];
  let before = (await read(alone, 1)).map(() => 0);
  for (const n of [1, 2, 3]) {
    const expected = (await read(alone, n)).map((o, i) => o + 0.5 * before[i]!);
    (await read(boosted, n)).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    before = expected;
  }
  expect([...(await boosted['logits']!.data())]).toEqual(await read(boosted, 3));
});

test('no gradient flows from an exit into the one before', async () => {
  const last = await gradients({ boost: 0.5 }, [3]);
  for (const n of [0, 1]) for (const g of await last(`exits.${n}.fc.weight`)) expect(Math.abs(g)).toBe(0);
  expect((await last('exits.2.fc.weight')).some((g) => g !== 0)).toBe(true);
});

test('what exits have in common receives the mean of their gradients; an exit its own', async () => {
  const rescaled = await gradients({ rescale: true }, [1, 2, 3]);
  const own = await Promise.all([1, 2, 3].map((n) => gradients({}, [n])));
  for (const n of [0, 1, 2]) {
    const expected = await own[n]!(`exits.${n}.fc.weight`);
    (await rescaled(`exits.${n}.fc.weight`)).forEach((g, i) => expect(g).toBeCloseTo(expected[i]!, 5));
  }
  // The coarse scale of block 2 is read by exits 2 and 3, and nothing else of it is rescaled.
  const name = 'blocks.2.0.1.normal.1.conv.weight';
  const third = await own[2]!(name);
  (await rescaled(name)).forEach((g, i) => expect(g).toBeCloseTo(third[i]!, 5));
  const middle = 'blocks.1.0.1.normal.1.conv.weight';
  const [second, behind] = [await own[1]!(middle), await own[2]!(middle)];
  const found = await rescaled(middle);
  found.forEach((g, i) => expect(g).toBeCloseTo((second[i]! + behind[i]!) / 2, 5));
});

test('exits are refused where a network has one', async () => {
  for (const name of ['resnet-test', 'densenet-test', 'vit-test', 'swin-test'])
    await expect(createTNet(name, { numClasses: 3, exits: { boost: 0.5 } })).rejects.toMatchObject({
      code: 'bad-argument',
      where: 'exits',
    });
  const attentive = createTNet('msdnet-digits', { numClasses: 3, attention: { kind: 'se' } });
  await expect(attentive).rejects.toMatchObject({ code: 'bad-argument' });
});
