import { countParams, crossEntropy, netOf, type Network, param, Rng, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTNet, tnetNames } from './index.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const total = (network: Network): number =>
  network.parameters.reduce((sum, p) => sum + p.shape.reduce((a, b) => a * b, 1), 0);

function imagesFor({ inputs }: Network): tf.Tensor {
  const shape = [4, ...inputs[0]!.shape];
  return tf.tensor(
    Rng.fromSeed(2).normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
}

describe.each(tnetNames.filter((name) => name.endsWith('-test')))('%s', (name) => {
  test('gives finite logits, values of the declared size and stride, and a gradient to every parameter', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const { params, stats } = network.init(Rng.fromSeed(1));
    expect(countParams(params)).toBe(total(network));
    const images = imagesFor(network);

    const { logits } = network.forward(params, stats, { images }, { training: false }).outputs;
    expect(logits.shape).toEqual([4, 5]);
    expect((await logits.data()).every(Number.isFinite)).toBe(true);
    const everything = network.withOutputs(network.values.map((value) => value.name));
    const { outputs } = everything.forward(params, stats, { images }, { training: false });
    const [height, width] = network.inputs[0]!.shape as [number, number, number];
    for (const { name: value, shape, stride } of network.values) {
      expect(outputs[value]!.shape).toEqual([4, ...shape]);
      if (shape.length === 3) expect(shape.slice(0, 2)).toEqual([height / stride, width / stride]);
    }

    const names = network.parameters.map((p) => p.name);
    const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
    const { grads } = valueAndGrad(
      (p) => {
        const all = network.forward(p, stats, { images }, { training: true }).outputs;
        // A classifier at an exit is read by that exit alone.
        return { value: tf.addN(Object.values(all).map((out) => crossEntropy(out, labels))), aux: {} };
      },
      params,
      names,
    );
    for (const parameter of names) {
      const values = await param(grads, parameter).data();
      expect(values.every(Number.isFinite), parameter).toBe(true);
      expect(
        values.some((v) => v !== 0),
        parameter,
      ).toBe(true);
    }
  });

  test('moves its running statistics in training only', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const { params, stats } = network.init(Rng.fromSeed(1));
    const images = imagesFor(network);
    expect(network.forward(params, stats, { images }, { training: false }).stats).toEqual(stats);
    const moved = network.forward(params, stats, { images }, { training: true }).stats;
    for (const { name: statistic } of network.statistics) {
      expect(await moved[statistic]!.data()).not.toEqual(await stats[statistic]!.data());
    }
  });
});

test('an unknown name is refused with the nearest one', async () => {
  await expect(createTNet('resnet81', { numClasses: 10 })).rejects.toThrow(/did you mean "resnet18"/);
});

test.each([0, -1, 2.5, Number.NaN])('%d classes are refused', async (numClasses) => {
  await expect(createTNet('resnet-test', { numClasses })).rejects.toMatchObject({ code: 'bad-argument' });
});

describe.each(['vit-test', 'swin-test'])('%s that drops at random', (name) => {
  const logits = async (rng: Rng, options: { dropout?: number; dropPath?: number }, training = true) => {
    const network = await createTNet(name, { numClasses: 5, ...options });
    const { params, stats } = network.init(Rng.fromSeed(1));
    const { outputs } = network.forward(params, stats, { images: imagesFor(network) }, { training, rng });
    return [...(await outputs.logits.data())];
  };

  test.each([{ dropout: 0.2 }, { dropPath: 0.5 }])(
    '%j: while it trains, by its generator',
    async (options) => {
      const [first, again, other] = [1, 1, 2].map((seed) => logits(Rng.fromSeed(seed), options));
      expect(await again).toEqual(await first);
      expect(await other).not.toEqual(await first);
      expect(await logits(Rng.fromSeed(1), options, false)).toEqual(await logits(Rng.fromSeed(1), {}, false));
    },
  );

  test('drops more of later blocks, and nothing of the first', async () => {
    const network = await createTNet(name, { numClasses: 5, dropPath: 0.5 });
    const rates: number[] = [];
    const net = netOf<number>({
      apply(op, _, __, options) {
        if (op.kind === 'dropPath') rates.push((options as { rate: number }).rate);
        return 0;
      },
      shape: () => network.inputs[0]!.shape,
    });
    network.program(net, { images: 0 });
    // Two branches a block.
    const blocks = rates.length / 2;
    expect(rates).toEqual(
      Array.from({ length: 2 * blocks }, (_, i) => (0.5 * Math.floor(i / 2)) / (blocks - 1)),
    );
  });
});

test('networks without anything to drop refuse to', async () => {
  const made = createTNet('resnet-test', { numClasses: 5, dropPath: 0.1 });
  await expect(made).rejects.toMatchObject({ code: 'bad-argument' });
});
