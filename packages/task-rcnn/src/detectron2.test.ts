// A narrow Faster R-CNN against detectron2's: every map, proposal, sample, loss, gradient and detection.

import { onnx } from '@ma-net/backend-onnx';
import {
  backpropagate,
  type HostBatch,
  lookAt,
  type Params,
  readParams,
  Rng,
  startBackend,
} from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  batchOf,
  expectNear,
  network,
  numbers,
  oracle,
  report,
  ruled,
  rules,
  tensors,
  toTorch,
} from '../test/detectron2.ts';
import { rcnn } from './rcnn.ts';
import { rcnnFormats } from './weights.ts';

const task = rcnn(network as never, rules);
const ctx = { training: true, rng: ruled };
let [params, stats]: [Params, Params] = [{}, {}];
let batch: CocoBatch;
let first: HostBatch;
let decided: HostBatch;
beforeAll(async () => {
  await startBackend(onnx);
  ({ params, stats } = network.init(Rng.fromSeed(0)));
  batch = batchOf();
  const { outputs } = network.forward(params, stats, { images: batch.images_BHWC } as never, ctx);
  first = await readParams(outputs as Params);
  decided = await task.assign!.decide(first, batch, ctx);
}, 60_000);

test('all weights are in the file', () => {
  expect(report).toMatchObject({ format: 'detectron2', replaced: [], leftOut: [] });
  const count = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(count).toBe(oracle.parameters);
});

test('levels, and what is said of anchors', () => {
  for (const level of ['p2', 'p3', 'p4', 'p5']) expectNear(first[level]!.data, numbers(`fpn/${level}`), 1e-5);
  for (const l of [1, 2, 3, 4]) {
    expectNear(first[`p${l + 2}.objectness`]!.data, numbers(`rpn/${l}/objectness`), 1e-5);
    expectNear(first[`p${l + 2}.deltas`]!.data, numbers(`rpn/${l}/deltas`), 1e-5);
  }
});

test('the anchors that are looked at', () => {
  const anchors = tensors['rpn/sampled_labels']!.shape[1]!;
  const expected = tensors['rpn/sampled_labels']!.data;
  const found = new Int32Array(expected.length).fill(-1);
  const [indices, labels] = [decided['rpnIndices_BS']!, decided['rpnLabels_BS']!];
  labels.data.forEach((label, k) => {
    if (label >= 0) found[Math.floor(k / labels.shape[1]!) * anchors + indices.data[k]!] = label;
  });
  expect([...found]).toEqual([...expected]);
});

test('the boxes that are looked at', () => {
  const { data, shape } = decided['rois_BR4']!;
  const labels = decided['roiLabels_BR']!.data;
  const room = shape[1]!;
  for (const b of [0, 1]) {
    const line = (of: ArrayLike<number>, r: number, label: number): string =>
      [...[0, 1, 2, 3].map((k) => Math.round(of[4 * r + k]! * 100) / 100), label].join(' ');
    const ours = Array.from({ length: room }, (_, r) =>
      line(data.subarray(4 * b * room), r, labels[b * room + r]!),
    );
    const boxes = tensors[`sampled_rois${b}/boxes`]!.data;
    const classes = tensors[`sampled_rois${b}/classes`]!.data;
    const theirs = Array.from({ length: room }, (_, r) => line(boxes, r, classes[r]!));
    const missing = theirs.filter((one) => !ours.includes(one));
    // The last digit of a coordinate may be rounded the other way.
    expect(missing.length).toBeLessThan(5);
    expect(ours.filter((_, r) => labels[b * room + r]! < 3).length).toBe(
      [...classes].filter((label) => label < 3).length,
    );
  }
});

test('losses, and every gradient', async () => {
  const names = network.parameters.map(({ name }) => name);
  const { terms, grads } = await backpropagate({
    task,
    batch,
    stats,
    ctx,
    values: params,
    names,
    forward: (w) => ({ params: w, aux: {} }),
  });
  const found = await readParams(terms as unknown as Params);
  const { loss_rpn_cls, loss_rpn_loc, loss_cls, loss_box_reg } = oracle.losses;
  const expected = {
    objectness: loss_rpn_cls!,
    proposals: loss_rpn_loc!,
    classes: loss_cls!,
    boxes: loss_box_reg!,
    loss: oracle.total,
  };
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) expectNear(found[name]!.data, [value], 1e-4);

  const read = await readParams(grads);
  let checked = 0;
  for (const [theirs, tensor] of Object.entries(tensors)) {
    if (!theirs.startsWith('grad/w/')) continue;
    const ours = nameOf(theirs.slice('grad/w/'.length));
    const { shape, data } = read[ours]!;
    const inTorch = toTorch({ shape: flat(shape), dtype: 'float32', data: ordered(shape, data) });
    expectNear(inTorch.data, Array.from(toTorch(tensor).data), 1e-3);
    checked++;
  }
  expect(checked).toBe(72);
  tf.dispose([terms, grads] as unknown as tf.TensorContainer);
}, 60_000);

/** Our name of a tensor of detectron2. */
function nameOf(theirs: string): string {
  for (const [ours, pattern] of rcnnFormats['detectron2']!.renamed) {
    const source = pattern.replaceAll('.', '\\.').replaceAll('**', '(.+)').replaceAll('*', '([^.]+)');
    const stars = new RegExp(`^${source}$`).exec(theirs)?.slice(1);
    if (stars !== undefined) return ours.replaceAll(/\*\*|\*/g, () => stars.shift()!);
  }
  return theirs;
}

/** The kernel over whole boxes [7, 7, C, O] as the matrix [C 7 7, O] that it is there; others as they are. */
const flat = (shape: readonly number[]): readonly number[] =>
  shape[0] === 7 && shape[2] !== 3 ? [shape[0] * shape[1]! * shape[2]!, shape[3]!] : shape;
function ordered(shape: readonly number[], data: HostBatch[string]['data']): Float32Array {
  if (flat(shape) === shape) return data as Float32Array;
  const [h, w, c, o] = shape as [number, number, number, number];
  const moved = new Float32Array(data.length);
  for (let p = 0; p < h * w; p++)
    for (let i = 0; i < c; i++)
      for (let k = 0; k < o; k++) moved[(i * h * w + p) * o + k] = data[(p * c + i) * o + k]!;
  return moved;
}

describe.each([0, 1])('image %i alone', (image) => {
  test('proposals and detections', async () => {
    const one = batchOf([image]);
    const {
      outputs,
      decided: found,
      owned,
    } = await lookAt(task, { network: network as never, params, stats }, one);
    const read = { ...(await readParams(outputs)), ...found };
    const [detections] = task.decode(read, await readParams(one as unknown as Params));
    tf.dispose([one, owned] as unknown as tf.TensorContainer);
    const names = ['boxes', 'scores', 'classes'].map((what) => numbers(`detections${image}/${what}`));
    const [boxes, scores, classes] = names as [number[], number[], number[]];
    expect([...detections!.labels]).toEqual(classes);
    boxes.forEach((side, k) => expect(Math.abs(detections!.boxes[k]! - side)).toBeLessThan(1e-2));
    scores.forEach((score, k) => expect(Math.abs(detections!.scores[k]! - score)).toBeLessThan(1e-4));
  }, 60_000);
});
