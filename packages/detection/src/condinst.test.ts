// CondInst as a network: what it says, what it learns without an object, and where it starts.

import { cpu } from '@ma-net/backend-cpu';
import {
  defineNetwork,
  type HostBatch,
  type HostTensor,
  type Network,
  readParams,
  Rng,
  startBackend,
  uploadParams,
  valueAndGrad,
} from '@ma-net/core';
import { toPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { alignedUpsample } from './aligned-upsample.ts';
import {
  condInst,
  CONDINST_LEVELS,
  condInstBoxLosses,
  condInstDetections,
  condInstHead,
  condInstLevels,
  condInstMasks,
  type CondInstOptions,
  meanOfReal,
} from './condinst.ts';
import { withCondInstWeights } from './condinst-weights.ts';
import { alignedBilinear } from './dynamic-masks.ts';
import { FCOS_RANGES } from './fcos-targets.ts';
import { instanceTargets } from './instance-targets.ts';

beforeAll(() => startBackend(cpu));

const options: CondInstOptions = {
  body: { block: 'basic', depths: [1, 1, 1, 1], width: 4, stem: 'imagenet' },
  ...{ width: 4, groupWidth: 2, convolutions: 1, maskWidth: 4, maskChannels: 8, classes: 3 },
};
const SIDES = [64, 96] as const;
const network = defineNetwork('small', { images: [...SIDES, 3] }, (net, { images }) =>
  condInst(net, images, options),
);

test('levels of an image are those that the network has', () => {
  const levels = condInstLevels(SIDES);
  for (const [l, level] of CONDINST_LEVELS.entries()) {
    const { shape, stride } = network.outputs.find(({ name }) => name === `${level}.cls`)!;
    expect([...shape, stride]).toEqual([levels[l]!.height, levels[l]!.width, 3, levels[l]!.stride]);
  }
});

test('a head of its own on a pyramid of its own', () => {
  const shapes = Object.fromEntries(
    CONDINST_LEVELS.map((level, l) => [level, [8 / 2 ** Math.min(l, 3), 1, 4]]),
  );
  const square = Object.fromEntries(
    Object.entries(shapes).map(([level, [side]]) => [level, [side!, side!, 4]]),
  );
  const head = defineNetwork('head', square, (net, levels) =>
    condInstHead(
      net,
      CONDINST_LEVELS.map((level) => levels[level]!),
      { classes: 2, maskChannels: 16, groupWidth: 4, maskWidth: 4 },
    ),
  );
  const said = Object.fromEntries(head.outputs.map(({ name, shape }) => [name, shape]));
  expect(said['p4.filters']).toEqual([4, 4, 233]);
  expect(said['mask_features']).toEqual([8, 8, 16]);
});

test('resizing as a layer is resizing of every channel', async () => {
  const x = tf.tensor4d(Rng.fromSeed(1).normals(2 * 3 * 4 * 5, 1), [2, 3, 4, 5]);
  const layer = defineNetwork('up', { x: [3, 4, 5] }, (net, given) => ({
    y: net.apply(alignedUpsample, '', [given.x], { times: 2 }),
  }));
  expect(layer.outputs[0]!.shape).toEqual([6, 8, 5]);
  const { y } = layer.forward({}, {}, { x }, { training: false }).outputs;
  const maps = tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [10, 3, 4]) as tf.Tensor3D;
  const apart = tf.reshape(alignedBilinear(maps, 2), [2, 5, 6, 8]);
  expect(await y.data()).toEqual(await tf.transpose(apart, [0, 2, 3, 1]).data());
  expect(() =>
    defineNetwork('flat', { x: [4, 5] }, (net, given) => ({
      y: net.apply(alignedUpsample, '', [given.x], { times: 2 }),
    })),
  ).toThrow(/image.*not \[4, 5\]/);
});

const objects = (labels: readonly number[]) => ({
  boxes_BN4: { shape: [1, 1, 4], dtype: 'float32', data: Float32Array.of(8, 8, 40, 40) } as const,
  labels_BN: { shape: [1, 1], dtype: 'int32', data: Int32Array.from(labels) } as const,
});

test('without an object the masks cost nothing, and every gradient is a number', async () => {
  const { params, stats } = network.init(Rng.fromSeed(0));
  const images = tf.tensor4d(Rng.fromSeed(2).normals(64 * 96 * 3, 1), [1, ...SIDES, 3]);
  for (const labels of [[-1], [1]]) {
    const targets = uploadParams(
      instanceTargets(objects(labels), condInstLevels(SIDES), {
        ranges: FCOS_RANGES,
        room: 12,
        choose: (positives) => positives.map((_, i) => i),
      }),
    );
    const { aux, grads } = valueAndGrad(
      (given) => {
        const { outputs } = network.forward(given, stats, { images }, { training: true });
        const { cls, loc, ctr } = condInstBoxLosses(outputs, targets);
        const each = tf.mean(tf.square(tf.sigmoid(condInstMasks(outputs, targets))), [1, 2]);
        const mask = meanOfReal(each, targets['real_I']!);
        return { value: tf.addN([cls, loc, ctr, mask]) as tf.Scalar, aux: { mask } };
      },
      params,
      Object.keys(params),
    );
    expect((await aux.mask.data())[0]! > 0).toBe(labels[0] !== -1);
    for (const grad of Object.values(grads)) expect((await grad.data()).every(Number.isFinite)).toBe(true);
    const wrote = (await grads['controller.weight']!.data()).some((value) => value !== 0);
    expect(wrote).toBe(labels[0] !== -1);
  }
});

/** Outputs of a network that is sure of one point of the first level, and of a mask to the left of it. */
function said(): HostBatch {
  const shapes = Object.fromEntries(network.outputs.map(({ name, shape }) => [name, [2, ...shape]]));
  const outputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, HostTensor & { data: Float32Array }] => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [name, { shape, dtype: 'float32', data: name.endsWith('.cls') ? data.fill(-20) : data }];
    }),
  );
  for (const b of [0, 1]) {
    // Column 5, row 3: at (44, 28) pixels.
    const p = b * 8 * 12 + 3 * 12 + 5;
    outputs['p3.cls']!.data[3 * p + 2] = 20;
    outputs['p3.ctr']!.data[p] = 20;
    outputs['p3.ltrb']!.data.fill(2, 4 * p, 4 * p + 4);
    // The first neuron of each layer passes on how far to the left a pixel is, times 100.
    const filters = outputs['p3.filters']!.data;
    for (const [k, weight] of [
      [0, 100],
      [80, 1],
      [144, 1],
      [168, -1],
    ] as const)
      filters[169 * p + k] = weight;
  }
  return outputs;
}

test('detections are those of their image, in its own pixels, and none of what fills up a batch', () => {
  const [first, second] = condInstDetections(said(), {
    sizes_B2: { shape: [2, 2], dtype: 'int32', data: Int32Array.of(64, 80, 64, 96) },
    originals_B2: { shape: [2, 2], dtype: 'int32', data: Int32Array.of(128, 160, 64, 96) },
    indices_B: { shape: [2], dtype: 'int32', data: Int32Array.of(7, -1) },
  }) as [ReturnType<typeof condInstDetections>[number], unknown];
  expect([...first.labels]).toEqual([2]);
  expect([...first.boxes]).toEqual([56, 24, 120, 88]);
  expect(first.scores[0]).toBeCloseTo(1, 6);
  const [mask] = first.masks!;
  expect(mask!.size).toEqual([128, 160]);
  // Whole columns to the left of the point, at 88 pixels, give or take a pixel of the features.
  expect(mask!.counts).toHaveLength(3);
  expect(mask!.counts[0]).toBe(0);
  expect(Math.abs(mask!.counts[1]! / 128 - 88)).toBeLessThan(16);
  expect(second).toMatchObject({ scores: new Float32Array(0), masks: [] });
});

test('a network starts from one of its own, or from what a classifier sees with', async () => {
  const trained = network.init(Rng.fromSeed(5));
  const file = toPyTorch(
    network as unknown as Network,
    await readParams({ ...trained.params, ...trained.stats }),
  );
  const { network: started, report } = withCondInstWeights(network, file);
  const again = started.init(Rng.fromSeed(1));
  expect(await again.params['controller.weight']!.data()).toEqual(
    await trained.params['controller.weight']!.data(),
  );
  expect(report.leftOut).toEqual([]);

  const body = Object.fromEntries(
    Object.entries(file).flatMap(([name, tensor]) =>
      name.startsWith('backbone.body.') ? [[name.slice('backbone.body.'.length), tensor]] : [],
    ),
  );
  const seen = withCondInstWeights(network, body).network.init(Rng.fromSeed(1));
  const [kernel, controller] = ['backbone.body.conv1.weight', 'controller.weight'];
  expect(await seen.params[kernel!]!.data()).toEqual(await trained.params[kernel!]!.data());
  expect(await seen.params[controller!]!.data()).not.toEqual(await trained.params[controller!]!.data());
  expect(() => withCondInstWeights(network, {}, 'empty.safetensors')).toThrow(/empty\.safetensors/);
});
