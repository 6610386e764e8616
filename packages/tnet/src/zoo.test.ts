import { countParams, type Network, param, Rng, valueAndGrad, crossEntropy } from '@ma-net/core';
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
    const { grads } = valueAndGrad(
      (p) => ({
        value: crossEntropy(
          network.forward(p, stats, { images }, { training: true }).outputs['logits']!,
          tf.tensor1d([0, 1, 2, 3], 'int32'),
        ),
        aux: {},
      }),
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
