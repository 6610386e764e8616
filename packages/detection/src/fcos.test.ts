// FCOS on a small pyramid, against AdelaiDet's: every map, target, loss, gradient and detection.

import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Params, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath, type Rows } from '../test/fixtures.ts';
import { fcosDetections } from './fcos-detections.ts';
import { fcosHead } from './fcos-head.ts';
import { fcosLosses } from './fcos-loss.ts';
import { FCOS_RANGES, fcosTargets } from './fcos-targets.ts';
import { featurePyramid } from './pyramid.ts';

interface Detections {
  readonly boxes: Rows;
  readonly scores: readonly number[];
  readonly classes: readonly number[];
  readonly levels?: readonly number[];
  readonly locations?: Rows;
}
const oracle = fixture<
  {
    readonly losses: Readonly<Record<string, number>>;
    readonly loss_no_ground_truth: Readonly<Record<string, number>>;
    readonly num_pos: number;
    readonly ground_truth: readonly { readonly boxes: Rows; readonly classes: readonly number[] }[];
  } & Readonly<Record<`detections_${string}`, readonly Detections[]>>
>('fcos');
const { tensors } = await readSafetensors(fixturePath('fcos.safetensors'));
const numbers = (name: string): number[] => Array.from(tensors[name]!.data as Float32Array);

const LEVELS = ['p3', 'p4', 'p5', 'p6', 'p7'];
const sizes = LEVELS.map((level, l) => {
  const [, height, width] = tensors[`head/${level}/cls`]!.shape as [number, number, number];
  return { height, width, stride: 8 * 2 ** l };
});
/** The reference's name of a tensor of ours. */
const theirs = (name: string): string =>
  name
    .replace(/^fpn\.inner_blocks\.(\d)\.0/, (_, i) => `fpn.fpn_lateral${Number(i) + 3}`)
    .replace(/^fpn\.layer_blocks\.(\d)\.0/, (_, i) => `fpn.fpn_output${Number(i) + 3}`)
    .replace('fpn.extra_blocks.', 'fpn.top_block.');
const MAPS = ['res3', 'res4', 'res5'] as const;

const shapeOf = (map: string): readonly number[] => tensors[`in/${map}`]!.shape.slice(1);

const network = defineNetwork(
  'fcos',
  {
    res3: shapeOf('res3'),
    res4: shapeOf('res4'),
    res5: shapeOf('res5'),
  },
  (net, maps) => {
    const levels = featurePyramid(
      net,
      MAPS.map((map) => maps[map]),
      { width: 4, first: 3, beyond: 'convolutions' },
    );
    const heads = fcosHead(net, levels, { classes: 3, groupWidth: 2 });
    return Object.fromEntries(
      LEVELS.flatMap((level, l) => [
        [level, levels[l]!],
        ...(['cls', 'ltrb', 'ctr'] as const).map((what) => [`${level}.${what}`, heads[l]![what]]),
      ]),
    );
  },
);

let params: Record<string, tf.Tensor>;
let inputs: Readonly<Record<(typeof MAPS)[number], tf.Tensor>>;
beforeAll(async () => {
  await startBackend(cpu);
  const tensorOf = (name: string): tf.Tensor => tf.tensor(numbers(name), [...tensors[name]!.shape]);
  params = Object.fromEntries(network.parameters.map(({ name }) => [name, tensorOf(`w/${theirs(name)}`)]));
  inputs = Object.fromEntries(MAPS.map((map) => [map, tensorOf(`in/${map}`)])) as typeof inputs;
});

function forward(given: Params): Record<string, tf.Tensor> {
  return network.forward(given, {}, inputs, { training: true }).outputs as Record<string, tf.Tensor>;
}

/** Of all levels, one after the other: [B, P, last]. */
function joined(outputs: Record<string, tf.Tensor>, what: string): tf.Tensor {
  return tf.concat(
    LEVELS.map((level) => {
      const map = outputs[`${level}.${what}`]!;
      return tf.reshape(map, [map.shape[0]!, -1, map.shape[3]!]);
    }),
    1,
  );
}

function targetsOf(centres?: (boxes: readonly number[]) => number[]) {
  return oracle.ground_truth.map(({ boxes, classes }) =>
    fcosTargets(
      sizes,
      {
        boxes: boxes.flat(),
        labels: classes,
        ...(centres === undefined ? {} : { centres: boxes.flatMap(centres) }),
      },
      { ranges: FCOS_RANGES },
    ),
  );
}

test('parameters are those of the reference', () => {
  const expected = Object.keys(tensors).filter((name) => name.startsWith('w/'));
  expect(network.parameters.map(({ name }) => `w/${theirs(name)}`).sort()).toEqual(expected.sort());
  for (const { name, shape } of network.parameters)
    expect(shape).toEqual(tensors[`w/${theirs(name)}`]!.shape);
});

test('every map is that of the reference', async () => {
  const outputs = forward(params);
  for (const level of LEVELS) {
    expectNear(await outputs[level]!.data(), numbers(`fpn/${level}`));
    for (const what of ['cls', 'ltrb', 'ctr'])
      expectNear(await outputs[`${level}.${what}`]!.data(), numbers(`head/${level}/${what}`));
  }
});

describe.each([
  ['the middle of boxes', 'targets', undefined],
  // The masks are the triangles below the diagonal from the top left.
  ['the middle of masks', 'targets_mask_centre', true],
])('targets around %s', (_, prefix, ofMasks) => {
  test('labels and distances', () => {
    const found = targetsOf(
      ofMasks === undefined ? undefined : ([x0, y0, x1, y1]) => triangleCentre(x0!, y0!, x1!, y1!),
    );
    let start = 0;
    for (const [l, level] of LEVELS.entries()) {
      const points = sizes[l]!.height * sizes[l]!.width;
      const labels = numbersOf(`${prefix}/${level}/labels`);
      const distances = numbers(`${prefix}/${level}/ltrb_over_stride`);
      for (const [b, { objects, distances: ours }] of found.entries()) {
        for (let p = 0; p < points; p++) {
          const object = objects[start + p]!;
          const label = object < 0 ? 3 : oracle.ground_truth[b]!.classes[object]!;
          expect([level, b, p, label]).toEqual([level, b, p, labels[b * points + p]]);
          if (object < 0) continue;
          const at = 4 * (b * points + p);
          expectNear(ours.slice(4 * (start + p), 4 * (start + p) + 4), distances.slice(at, at + 4));
        }
      }
      start += points;
    }
  });
});

/** The mean pixel of a mask that is (x - x0) / w <= (y - y0) / h inside of a box. */
function triangleCentre(x0: number, y0: number, x1: number, y1: number): number[] {
  let [count, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < 128; y++) {
    for (let x = 0; x < 160; x++) {
      const inside = x >= x0 && x < x1 && y >= y0 && y < y1;
      if (!inside || (x - x0) / (x1 - x0) > (y - y0) / (y1 - y0)) continue;
      count++;
      sumX += x;
      sumY += y;
    }
  }
  return [sumX / count, sumY / count];
}

function numbersOf(name: string): number[] {
  return Array.from(tensors[name]!.data);
}

function lossesOf(outputs: Record<string, tf.Tensor>, labels: tf.Tensor, distances: tf.Tensor) {
  return fcosLosses(
    { cls_BPK: joined(outputs, 'cls'), ltrb_BP4: joined(outputs, 'ltrb'), ctr_BP1: joined(outputs, 'ctr') },
    { labels_BP: labels, distances_BP4: distances },
  );
}

test('losses and all gradients are those of the reference', async () => {
  const found = targetsOf();
  const labels = tf.tensor2d(
    found.map(({ objects }, b) =>
      Array.from(objects, (n) => (n < 0 ? -1 : oracle.ground_truth[b]!.classes[n]!)),
    ),
    undefined,
    'int32',
  );
  const distances = tf.stack(found.map((target) => tf.tensor(target.distances, [target.objects.length, 4])));
  const { value, grads, aux } = valueAndGrad(
    (given) => {
      const { cls, loc, ctr } = lossesOf(forward(given), labels, distances);
      return { value: tf.addN([cls, loc, ctr]) as tf.Scalar, aux: { cls, loc, ctr } };
    },
    params,
    Object.keys(params),
  );
  for (const [name, loss] of Object.entries(aux))
    expect((await loss.data())[0]).toBeCloseTo(oracle.losses[`loss_fcos_${name}`]!, 5);
  expect((await value.data())[0]).toBeCloseTo(2.46750197, 4);
  for (const [name, grad] of Object.entries(grads)) {
    expect(name in params).toBe(true);
    expectNear(await grad.data(), numbers(`grad/w/${theirs(name)}`), 1e-4);
  }
});

test('without an object there is only background to tell', async () => {
  const points = sizes.reduce((sum, { height, width }) => sum + height * width, 0);
  const none = fcosTargets(sizes, { boxes: [0, 0, 0, 0], labels: [-1] }, { ranges: FCOS_RANGES });
  expect(none.objects.every((object) => object < 0)).toBe(true);
  const losses = lossesOf(forward(params), tf.fill([2, points], -1, 'int32'), tf.zeros([2, points, 4]));
  for (const name of ['cls', 'loc', 'ctr'] as const)
    expect((await losses[name].data())[0]).toBeCloseTo(oracle.loss_no_ground_truth[`loss_fcos_${name}`]!, 4);
});

describe.each([
  ['detections_thresh_with_ctr_False', { centernessFirst: false }],
  ['detections_thresh_with_ctr_True', { centernessFirst: true }],
  ['detections_thresh_with_ctr_True_pre_nms_30_top_10', { centernessFirst: true, perLevel: 30, limit: 10 }],
] as const)('%s', (key, options) => {
  test.each([0, 1])('image %i', (image) => {
    const expected = oracle[key]![image]!;
    const levels = LEVELS.map((level, l) => {
      const of = (what: string): number[] => {
        const all = numbers(`head/${level}/${what}`);
        return all.slice((image * all.length) / 2, ((image + 1) * all.length) / 2);
      };
      return { ...sizes[l]!, cls: of('cls'), ltrb: of('ltrb'), ctr: of('ctr') };
    });
    const found = fcosDetections(levels, options);
    expectNear(found.scores, expected.scores, 1e-5);
    expectNear(found.boxes, expected.boxes.flat(), 1e-4);
    expect([...found.classes]).toEqual(expected.classes);
    if (expected.levels !== undefined) expect([...found.levels]).toEqual(expected.levels);
    if (expected.locations !== undefined) expect([...found.points]).toEqual(expected.locations.flat());
  });
});

test('a fresh head takes one point of a hundred for an object, whatever it sees', async () => {
  const { params: fresh } = network.init(Rng.fromSeed(0));
  const outputs = forward(fresh);
  const p = await tf.mean(tf.sigmoid(joined(outputs, 'cls'))).data();
  expect(p[0]).toBeCloseTo(0.01, 3);
  expect([...(await fresh['fcos.fcos_head.scales.0.scale']!.data())]).toEqual([1]);
});
