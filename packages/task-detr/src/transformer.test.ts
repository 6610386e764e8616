// Positions and layers of DETR against the public implementation: values and gradients.

import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, oracle, together } from '../test/fixtures.ts';
import { mapMask, sinePositions } from './positions.ts';
import { decoderLayer, encoderLayer, learnedTokens, zerosLike } from './transformer.ts';

const reference = await oracle('detr');
const options = { width: 16, heads: 2, feedForward: 24, dropout: 0 };

beforeAll(async () => {
  await startBackend(cpu);
});

describe('positions', () => {
  test.each(['d16_full', 'd16_padded', 'd256_padded'])('%s', async (name) => {
    const padding = reference.tensor(`positions/${name}/padding_mask`);
    const [batch, height, width] = padding.shape as [number, number, number];
    const channels = reference.shape(`positions/${name}/out`).at(-1)!;
    const network = defineNetwork('positions', { mask: [height, width, 1] }, (net, { mask }) => ({
      y: net.apply(sinePositions, '', [mask], { width: channels }),
    }));
    const mask = tf.reshape(tf.sub(1, padding), [batch, height, width, 1]);
    const { y } = network.forward({}, {}, { mask }, { training: false }).outputs;
    expectNear(await y.data(), reference.numbers(`positions/${name}/out`));
  });

  test('a map is masked as a mask of the image that is resized to the nearest pixel', async () => {
    const network = defineNetwork(
      'mask',
      { images: [13, 9, 3], map: [4, 5, 2], sizes: [2] },
      (net, { images, map, sizes }) => ({
        given: net.apply(mapMask, '', [images, map, sizes], null),
        whole: net.apply(mapMask, '', [images, map], null),
      }),
    );
    const sizes = [
      [13, 9],
      [10, 6],
      [3, 1],
    ] as const;
    const inputs = {
      images: tf.zeros([3, 13, 9, 3]),
      map: tf.zeros([3, 4, 5, 2]),
      sizes: tf.tensor2d(sizes.flat(), [3, 2], 'int32'),
    };
    const { given, whole } = network.forward({}, {}, inputs, { training: false }).outputs;
    const expected = sizes.flatMap(([height, width]) =>
      Array.from({ length: 20 }, (_, i) => {
        const [row, column] = [Math.floor((Math.floor(i / 5) * 13) / 4), Math.floor(((i % 5) * 9) / 5)];
        return Number(row < height && column < width);
      }),
    );
    expect([...(await given.data())]).toEqual(expected);
    expect([...(await whole.data())]).toEqual(expected.map(() => 1));
  });

  test('what is no map of the images, no size or no width is refused', () => {
    const of = (map: number[], sizes: number[]) => () =>
      defineNetwork('mask', { images: [8, 8, 3], map, sizes }, (net, inputs) => ({
        y: net.apply(mapMask, '', [inputs.images, inputs.map, inputs.sizes], null),
      }));
    expect(of([9, 8, 2], [2])).toThrow(/\[9, 8, 2\] is not one of images/);
    expect(of([4, 4, 2], [3])).toThrow(/no height and width/);
    expect(() =>
      defineNetwork('p', { mask: [2, 2, 1] }, (net, { mask }) => ({
        y: net.apply(sinePositions, '', [mask], { width: 6 }),
      })),
    ).toThrow(/6 channels/);
  });
});

const layers = {
  encoder_layer: {
    inputs: { tokens: 'x', positions: 'pos' },
    network: defineNetwork(
      'encoder',
      { tokens: [11, 16], positions: [11, 16], mask: [11] },
      (net, { tokens, positions, mask }) => ({
        y: encoderLayer(net, 'layer', { tokens, positions, mask }, options),
      }),
    ),
  },
  decoder_layer: {
    inputs: { objects: 'target', queries: 'query_pos', memory: 'memory', positions: 'pos' },
    network: defineNetwork(
      'decoder',
      { objects: [6, 16], queries: [6, 16], memory: [11, 16], positions: [11, 16], mask: [11] },
      (net, { objects, queries, memory, positions, mask }) => ({
        y: decoderLayer(
          net,
          'layer',
          { objects, queries, memory: { placed: net.add(memory, positions), tokens: memory, mask } },
          options,
        ),
      }),
    ),
  },
} as const;

describe.each(Object.keys(layers) as (keyof typeof layers)[])('%s', (name) => {
  const { network, inputs } = layers[name];
  const given = (): Record<string, tf.Tensor> => ({
    ...Object.fromEntries(
      Object.entries(inputs).map(([ours, theirs]) => [ours, reference.tensor(`${name}/${theirs}`)]),
    ),
    mask: tf.cast(tf.sub(1, reference.tensor(`${name}/key_padding`)), 'float32'),
  });
  const weights = (folder: string): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(reference.parameters(`${name}/${folder}/`)).map(([param, x]) => [`layer.${param}`, x]),
    );

  test('has the parameters of the reference', () => {
    const shapes = Object.fromEntries(
      network.parameters.map(({ name: param, shape }) => [param, [...shape]]),
    );
    expect(shapes).toEqual(
      Object.fromEntries(Object.entries(weights('w')).map(([param, { shape }]) => [param, shape])),
    );
  });

  test('has its values and gradients', async () => {
    const all = { ...weights('w'), ...given() };
    const dy = reference.tensor(`${name}/grad_y`);
    const { value, grads } = valueAndGrad(
      (params) => {
        const of = Object.fromEntries(network.inputs.map((input) => [input.name, params[input.name]!]));
        const { y } = network.forward(params, {}, of as never, { training: true }).outputs;
        return { value: tf.sum(tf.mul(y, dy)), aux: { y } };
      },
      all,
      Object.keys(all).filter((param) => param !== 'mask'),
    );
    expect(Number.isFinite((await value.data())[0])).toBe(true);
    const { y } = network.forward(all, {}, given() as never, { training: false }).outputs;
    expectNear(await y.data(), reference.numbers(`${name}/y`));
    const joint = together(grads);
    for (const file of reference.names.filter((n) => n.startsWith(`${name}/grad_w/`))) {
      const param = file.replace(`${name}/grad_w/`, 'layer.');
      expectNear(await joint[param]!.data(), reference.numbers(file), 1e-4);
    }
    for (const [ours, theirs] of Object.entries(inputs)) {
      const file = `${name}/grad_${theirs}`;
      if (reference.names.includes(file))
        expectNear(await grads[ours]!.data(), reference.numbers(file), 1e-4);
    }
  });
});

test('learned tokens are the same for every image, and zeros have a shape', async () => {
  const network = defineNetwork('tokens', { x: [3, 4] }, (net, { x }) => {
    const queries = net.apply(learnedTokens, 'query_embed', [], { tokens: 3, width: 4 });
    return { sum: net.add(queries, x), nothing: net.apply(zerosLike, '', [queries], null) };
  });
  expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual([
    ['query_embed.weight', [3, 4]],
  ]);
  const weight = tf.tensor2d([...Array(12).keys()], [3, 4]);
  const x = tf.ones([2, 3, 4]);
  const outputs = network.forward({ 'query_embed.weight': weight }, {}, { x }, { training: false }).outputs;
  expect([...(await outputs.sum.data())]).toEqual(
    [0, 1].flatMap(() => [...Array(12).keys()].map((i) => i + 1)),
  );
  expect(outputs.nothing.shape).toEqual([1, 3, 4]);
});
