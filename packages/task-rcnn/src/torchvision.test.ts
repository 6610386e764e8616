// A narrow Faster R-CNN of torchvision: its weights load by name, and give its losses, gradients and detections.

import { onnx } from '@ma-net/backend-onnx';
import {
  backpropagate,
  lookAt,
  type Params,
  readParams,
  Rng,
  startBackend,
  toTorchLayout,
} from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNear, normalised, ruled } from '../test/detectron2.ts';
import { facts, tensors } from '../test/torchvision.ts';
import { rcnnNetwork, rcnnRules, withRcnnWeights } from './index.ts';
import { rcnn } from './rcnn.ts';

const rules = rcnnRules('torchvision');
const weights = Object.fromEntries(
  Object.entries(tensors).filter(([name]) => /^(backbone|rpn|roi_heads)\./.test(name)),
);
const { network, report } = withRcnnWeights(
  rcnnNetwork(
    'narrow',
    {
      body: { block: 'bottleneck', depths: [1, 1, 1, 1], stem: 'imagenet', width: 2, stemWidth: 4 },
      width: 4,
      hidden: 6,
      classes: 3,
      images: [128, 160, 3],
    },
    rules,
  ),
  weights,
);
const task = rcnn(network as never, rules);
let [params, stats]: [Params, Params] = [{}, {}];
beforeAll(async () => {
  await startBackend(onnx);
  ({ params, stats } = network.init(Rng.fromSeed(0)));
});

function batchOf(images: readonly number[]): CocoBatch {
  const objects = images.map((i) => facts.objects[i]!);
  const pixels = images.map((i) => ({ data: tensors[`image${i}`]!.data, size: facts.sizes[i]! }));
  return normalised(
    pixels,
    objects.map(([boxes, labels]) => ({ boxes, classes: labels.map((label) => label - 1) })),
  );
}

test('all weights are in the file', () => {
  expect(report).toMatchObject({ format: 'torchvision', replaced: [], leftOut: [] });
});

test('losses, and every gradient', async () => {
  const batch = batchOf([0, 1]);
  const names = network.parameters.map(({ name }) => name);
  const { terms, grads } = await backpropagate({
    task,
    batch,
    stats,
    ctx: { training: true, rng: ruled },
    values: params,
    names,
    forward: (w) => ({ params: w, aux: {} }),
  });
  const found = await readParams(terms as unknown as Params);
  const { loss_objectness, loss_rpn_box_reg, loss_classifier, loss_box_reg } = facts.losses;
  expectNear(found['objectness']!.data, [loss_objectness!], 1e-4);
  expectNear(found['proposals']!.data, [loss_rpn_box_reg!], 1e-4);
  expectNear(found['classes']!.data, [loss_classifier!], 1e-4);
  expectNear(found['boxes']!.data, [loss_box_reg!], 1e-4);

  const read = toTorchLayout(network.parameters, await readParams(grads));
  const expected = Object.entries(tensors).filter(([name]) => name.startsWith('grad/'));
  expect(expected).toHaveLength(names.length);
  for (const [name, { data }] of expected)
    expectNear(read[name.slice('grad/'.length)]!.data, Array.from(data), 1e-3);
  tf.dispose([batch, terms, grads] as unknown as tf.TensorContainer);
}, 60_000);

test.each([0, 1])(
  'detections of image %i',
  async (image) => {
    const batch = batchOf([image]);
    const { outputs, decided, owned } = await lookAt(
      task,
      { network: network as never, params, stats },
      batch,
    );
    const targets = await readParams(batch as unknown as Params);
    const [found] = task.decode({ ...(await readParams(outputs)), ...decided }, targets);
    tf.dispose([batch, owned] as unknown as tf.TensorContainer);
    const of = (what: string): number[] => Array.from(tensors[`detections${image}/${what}`]!.data);
    expect(found!.labels.length).toBe(of('labels').length);
    expect(Array.from(found!.labels, (label) => label + 1)).toEqual(of('labels'));
    of('scores').forEach((score, k) => expect(Math.abs(found!.scores[k]! - score)).toBeLessThan(1e-4));
    of('boxes').forEach((side, k) => expect(Math.abs(found!.boxes[k]! - side)).toBeLessThan(1e-2));
  },
  60_000,
);
