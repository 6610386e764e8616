import { defineNetwork, type Net, type Network, Rng, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ArrayOf,
  bias,
  expectNear,
  filled,
  fixture,
  gain,
  inputOf,
  kernelOf,
  weightsOf,
} from '../../test/formulas.ts';
import { residualGroupExcitation, spatialPyramidExcitation, squeezeExcitation } from './excitation.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

interface Case {
  readonly name: string;
  readonly inputShape: readonly [number, number, number, number];
  readonly inputPhase: number;
  readonly window?: number;
  readonly n?: number;
  readonly mode?: 'train' | 'eval';
  readonly reduction: number;
  readonly output: ArrayOf;
  readonly excitation: ArrayOf;
  readonly scalar: number;
  readonly gradInput: ArrayOf;
  readonly gradParams: Readonly<Record<string, ArrayOf>>;
}

const { cases } = fixture<{ readonly cases: readonly Case[] }>('excitation');

const blockOf = ({ name, window, reduction }: Case) => {
  if (name.startsWith('rgse')) return residualGroupExcitation({ reduction, window: window! });
  return name.startsWith('spse') ? spatialPyramidExcitation({ reduction }) : squeezeExcitation({ reduction });
};

/** Our names of the fixture's parameters, and the formulas that fill them. */
function parametersOf({ name, inputPhase: q, n = 1 }: Case): Record<string, readonly [string, number[]]> {
  const [c, h] = [8, 2];
  const dense = {
    w1: ['b.se.fc1.weight', kernelOf([c, h], c, q)],
    c1: ['b.se.fc1.bias', bias(h, q)],
    w2: ['b.se.fc2.weight', kernelOf([h, c], h, q + 1)],
    c2: ['b.se.fc2.bias', bias(c, q + 1)],
  } as const;
  const norm = (p: number) => ({ g: ['b.se.bn.weight', gain(c, p)], b: ['b.se.bn.bias', bias(c, p)] });
  const own: Record<string, unknown> =
    name.startsWith('rgse') && n > 1
      ? { k: ['b.se.pool.weight', kernelOf([n, n, c], n * n, 20)], ...norm(20) }
      : name.startsWith('spse')
        ? {
            ...Object.fromEntries(
              [1, 2, 4].flatMap((s) => [
                [`k${s}`, [`b.se.pool${s}.weight`, kernelOf([s, s, c], s * s, 30 + s)]],
                [`kb${s}`, [`b.se.pool${s}.bias`, bias(c, 30 + s)]],
              ]),
            ),
            ...norm(30),
          }
        : {};
  return { ...dense, ...own } as Record<string, readonly [string, number[]]>;
}

describe.each(cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
  test('computes what the public block does, with its gradients', async () => {
    const [, height, width, channels] = c.inputShape;
    const place = { stage: 0, stages: 1, width: channels };
    const network = defineNetwork('block', { images: [height, width, channels] }, (net, { images }) => ({
      y: blockOf(c)(net, 'b', images, place),
    }));
    const named = parametersOf(c);
    const params = weightsOf(network, Object.fromEntries(Object.values(named)));
    expect(Object.keys(params)).toHaveLength(Object.keys(named).length);
    const images = inputOf(c.inputShape, c.inputPhase);
    const training = c.mode === 'train';
    const { stats } = network.init(Rng.fromSeed(0));
    const { value, grads, aux } = valueAndGrad(
      ({ images: x, ...w }) => {
        const { y } = network.forward(w, stats, { images: x! }, { training }).outputs;
        return { value: tf.sum(tf.mul(y, filled(c.inputShape))), aux: { y } };
      },
      { ...params, images },
      [...Object.keys(params), 'images'],
    );
    await expectNear(aux.y, c.output, 1e-5);
    expect((await value.data())[0]).toBeCloseTo(c.scalar, 4);
    await expectNear(grads['images']!, c.gradInput, 1e-4);
    for (const [theirs, [ours]] of Object.entries(named))
      await expectNear(grads[ours]!, c.gradParams[theirs]!, 1e-4);
  });
});

test('windows that do not cover a map are refused, and so are maps that are not square', () => {
  const build = (shape: readonly [number, number, number], window?: number): Network =>
    defineNetwork('block', { images: shape }, <V>(net: Net<V>, { images }: { images: V }) => ({
      y: residualGroupExcitation(window === undefined ? { reduction: 4 } : { reduction: 4, window })(
        net,
        'layer1.0',
        images,
        { stage: 1, stages: 3, width: 8 },
      ),
    }));
  expect(() => build([32, 32, 8], 7)).toThrow(
    expect.objectContaining({
      code: 'shape-mismatch',
      message: expect.stringContaining('Windows of 7 x 7 do not cover a map of 32 x 32'),
    }),
  );
  expect(() => build([8, 4, 8])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  // The stage before the last has windows of half its side.
  const weight = build([32, 32, 8]).parameters.find(({ name }) => name === 'layer1.0.se.pool.weight');
  expect(weight!.shape).toEqual([2, 2, 8, 1]);
});
