// The mask branch, its running statistics, and the loss of what every pixel shows, against AdelaiDet's.

import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Params, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath } from '../test/fixtures.ts';
import { maskBranch, semanticHead, semanticLabels, semanticLoss } from './mask-branch.ts';

beforeAll(() => startBackend(cpu));

const { mask_branch: oracle } = fixture<{ readonly mask_branch: { readonly loss_sem: number } }>('instances');
const { tensors } = await readSafetensors(fixturePath('mask_branch.safetensors'));
const numbers = (name: string): number[] => Array.from(tensors[name]!.data);
const named = (prefix: string): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.keys(tensors)
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), tf.tensor(numbers(name), [...tensors[name]!.shape])]),
  );
const LEVELS = ['p3', 'p4', 'p5'] as const;
const shapeOf = (level: string): readonly number[] => tensors[`in/${level}`]!.shape.slice(1);

const network = defineNetwork(
  'mask-branch',
  { p3: shapeOf('p3'), p4: shapeOf('p4'), p5: shapeOf('p5') },
  (net, levels) => ({
    features: maskBranch(
      net,
      LEVELS.map((level) => levels[level]),
      { maskChannels: 3, width: 4 },
    ),
    semantic: semanticHead(net, levels.p3, { classes: 3, width: 4 }),
  }),
);

/** With the names that the layers have in the whole network. */
const whole = (own: Params): Params =>
  Object.fromEntries(Object.entries(own).map(([name, tensor]) => [`mask_branch.${name}`, tensor]));

function labels(): tf.Tensor {
  const [height, width] = tensors['semantic/gt_masks_image0']!.shape.slice(1) as [number, number];
  const images = [0, 1].map((b) => {
    const of = (what: string): number[] => numbers(`semantic/gt_${what}_image${b}`);
    return [...semanticLabels(of('masks'), of('classes'), { height, width, stride: 8 })];
  });
  return tf.tensor(images.flat(), [2, height / 8, width / 8], 'int32');
}

test('features, gradients and the next statistics while training', async () => {
  const params = whole(named('w/'));
  expect(Object.keys(params).sort()).toEqual(network.parameters.map(({ name }) => name).sort());
  const { stats } = network.init(Rng.fromSeed(0));
  const inputs = named('in/');
  const weights = named('train/')['grad_out']!;
  const { value, grads, aux } = valueAndGrad(
    (given) => {
      const levels = { p3: given['p3']!, p4: given['p4']!, p5: given['p5']! };
      const { outputs, stats: next } = network.forward(given, stats, levels, { training: true });
      const semantic = semanticLoss(outputs.semantic, labels());
      const total = tf.add(tf.sum(tf.mul(outputs.features, weights)), semantic) as tf.Scalar;
      return { value: total, aux: { features: outputs.features, semantic, next: { ...next } } };
    },
    { ...params, ...inputs },
    [...Object.keys(params), ...LEVELS],
  );
  expect(Number.isFinite((await value.data())[0])).toBe(true);
  expectNear(await aux.features.data(), numbers('train/out'));
  expect((await aux.semantic.data())[0]).toBeCloseTo(oracle.loss_sem, 5);
  for (const level of LEVELS) expectNear(await grads[level]!.data(), numbers(`train/grad_in/${level}`), 1e-4);
  for (const name of Object.keys(params))
    expectNear(await grads[name]!.data(), numbers(name.replace('mask_branch.', 'train/grad_w/')), 1e-4);
  const after = whole(named('after_one_step/'));
  expect(Object.keys(aux.next).sort()).toEqual(Object.keys(after).sort());
  for (const [name, tensor] of Object.entries(after))
    expectNear(await aux.next[name]!.data(), [...(await tensor.data())]);

  const { features } = network.forward(params, aux.next, inputs as never, { training: false }).outputs;
  expectNear(await features.data(), numbers('eval_after_one_step/out'));
});

test('of several objects at a pixel the smallest is shown, and padding is none', () => {
  const masks = [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1];
  const size = { height: 1, width: 4, stride: 1 };
  expect([...semanticLabels(masks.slice(0, 8), [5, 7], size)]).toEqual([7, 7, 5, 5]);
  expect([...semanticLabels([0, 0, 1, 0, ...masks.slice(0, 4)], [5, -1], size)]).toEqual([-1, -1, 5, -1]);
});
