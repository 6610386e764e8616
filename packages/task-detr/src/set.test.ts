// Matching and the loss of sets against SciPy and the public implementation.

import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import { setLoss, type SetTargets } from './set-loss.ts';
import { matchSet, type SetObjects } from './set-match.ts';

interface Case {
  readonly name: string;
  readonly classes: number;
  readonly no_object_weight: number;
  readonly targets: readonly { readonly labels: readonly number[]; readonly boxes: Rows }[];
  readonly layers: readonly {
    readonly logits: readonly Rows[];
    readonly boxes_cxcywh: readonly Rows[];
    readonly match: readonly { readonly query: readonly number[]; readonly target: readonly number[] }[];
    readonly grad_logits: readonly Rows[];
    readonly grad_boxes: readonly Rows[];
  }[];
  readonly losses: Readonly<Record<string, number>>;
  readonly total: number;
}
const { set_loss: cases } = fixture<{ readonly set_loss: readonly Case[] }>('detr');

const weights = { class: 1, l1: 5, giou: 2 };
const softmax = { kind: 'softmax', noObject: 0.1 } as const;

beforeAll(async () => {
  await startBackend(cpu);
});

const objectsOf = (target: Case['targets'][number]): SetObjects => ({
  labels: target.labels,
  boxes: target.boxes.flat(),
});

const matchesOf = ({ layers, targets }: Case): Int32Array[][] =>
  layers.map(({ logits, boxes_cxcywh }) =>
    targets.map((target, b) =>
      matchSet({ logits: logits[b]!.flat(), boxes: boxes_cxcywh[b]!.flat() }, objectsOf(target), {
        costs: weights,
        classification: softmax,
      }),
    ),
  );

/** Targets with room for `room` objects. */
function targetsOf(one: Case, room: number): SetTargets {
  const matches = matchesOf(one);
  const queries = one.layers[0]!.logits[0]!.length;
  const padded = <T>(values: readonly T[], count: number, filler: T): T[] => [
    ...values,
    ...Array<T>(count - values.length).fill(filler),
  ];
  const classes = matches.map((layer) =>
    layer.map((match, b) => {
      const of = Array<number>(queries).fill(one.classes);
      match.forEach((query, n) => (of[query] = one.targets[b]!.labels[n]!));
      return of;
    }),
  );
  const boxes = one.targets.map((target) => padded(target.boxes, room, [0, 0, 0, 0]) as number[][]);
  return {
    boxes_BN4: tf.tensor3d(boxes),
    labels_BN: tf.tensor2d(
      one.targets.map(({ labels }) => padded(labels, room, -1)),
      undefined,
      'int32',
    ),
    queries_LBN: tf.tensor3d(
      matches.map((layer) => layer.map((match) => padded([...match], room, -1))),
      undefined,
      'int32',
    ),
    classes_LBQ: tf.tensor3d(classes, undefined, 'int32'),
  };
}

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  test('every object gets the query of the reference', () => {
    const found = matchesOf(one);
    one.layers.forEach(({ match }, l) =>
      match.forEach(({ query, target }, b) => {
        const expected = new Int32Array(query.length);
        target.forEach((n, i) => (expected[n] = query[i]!));
        expect(found[l]![b]).toEqual(expected);
      }),
    );
  });

  test('losses, counts and gradients', async () => {
    const inputs = Object.fromEntries(
      one.layers.flatMap(({ logits, boxes_cxcywh }, l) => [
        [`logits${l}`, tf.tensor3d(logits as number[][][])],
        [`boxes${l}`, tf.tensor3d(boxes_cxcywh as number[][][])],
      ]),
    );
    const targets = targetsOf(one, 8);
    const { aux, grads } = valueAndGrad(
      (given) => {
        const layers = one.layers.map((__, l) => ({
          logits: given[`logits${l}`]!,
          boxes: given[`boxes${l}`]!,
        }));
        const terms = setLoss(layers, targets, { classification: softmax, weights });
        return { value: terms.loss, aux: terms };
      },
      inputs,
      Object.keys(inputs),
    );
    const terms = aux as Readonly<Record<string, tf.Scalar>>;
    const of = async (name: string): Promise<number> => (await terms[name]!.data())[0]!;
    const { losses } = one;
    expect(await of('loss')).toBeCloseTo(one.total, 4);
    expect(await of('class')).toBeCloseTo(losses['loss_ce']!, 5);
    expect(await of('l1')).toBeCloseTo(losses['loss_bbox']!, 5);
    expect(await of('giou')).toBeCloseTo(losses['loss_giou']!, 5);
    expect(await of('cardinalityError')).toBeCloseTo(losses['cardinality_error']!, 5);
    expect(100 * (await of('classError'))).toBeCloseTo(losses['class_error'] ?? 0, 4);
    for (const [l, { grad_logits, grad_boxes }] of one.layers.entries()) {
      expectNear(await grads[`logits${l}`]!.data(), grad_logits.flat(2), 1e-5);
      expectNear(await grads[`boxes${l}`]!.data(), grad_boxes.flat(2), 1e-5);
    }
  });
});

/** The least cost of all ways to give each object a query of its own, by trying them all. */
function leastCost(costs: Rows, taken: readonly number[] = []): number {
  const [row, ...rest] = costs;
  if (row === undefined) return 0;
  return Math.min(
    ...row.map((cost, q) => (taken.includes(q) ? Infinity : cost + leastCost(rest, [...taken, q]))),
  );
}

describe.each([softmax, { kind: 'focal', alpha: 0.25, gamma: 2 } as const])(
  'matching by $kind',
  (classification) => {
    const classes = 3;
    const draw = (seed: number, queries: number, count: number) => {
      const rng = Rng.fromSeed(seed);
      const width = classification.kind === 'softmax' ? classes + 1 : classes;
      return {
        prediction: {
          logits: rng.normals(queries * width, 2),
          boxes: rng.uniforms(queries * 4, 0.1, 0.9),
        },
        objects: {
          labels: Array.from({ length: count }, () => rng.integer(classes)),
          boxes: rng.uniforms(count * 4, 0.1, 0.9),
        },
      };
    };

    /** What it costs that query q answers for object n, each matched alone. */
    const cost = ({ prediction, objects }: ReturnType<typeof draw>, q: number, n: number): number => {
      const width = prediction.logits.length / (prediction.boxes.length / 4);
      const row = [...prediction.logits.subarray(q * width, (q + 1) * width)];
      const label = objects.labels[n]!;
      const corners = (boxes: Float32Array, i: number): [number, number, number, number] => {
        const [x, y, w, h] = [...boxes.subarray(4 * i, 4 * i + 4)] as [number, number, number, number];
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2];
      };
      const [a, b] = [corners(prediction.boxes, q), corners(objects.boxes, n)];
      const area = ([x0, y0, x1, y1]: number[]): number => Math.max(0, x1! - x0!) * Math.max(0, y1! - y0!);
      const both = area([
        Math.max(a[0], b[0]),
        Math.max(a[1], b[1]),
        Math.min(a[2], b[2]),
        Math.min(a[3], b[3]),
      ]);
      const hull = area([
        Math.min(a[0], b[0]),
        Math.min(a[1], b[1]),
        Math.max(a[2], b[2]),
        Math.max(a[3], b[3]),
      ]);
      const union = area(a) + area(b) - both;
      const giou = both / union - (hull - union) / hull;
      const l1 = [0, 1, 2, 3].reduce(
        (sum, i) => sum + Math.abs(prediction.boxes[4 * q + i]! - objects.boxes[4 * n + i]!),
        0,
      );
      const p = 1 / (1 + Math.exp(-row[label]!));
      const ofClass =
        classification.kind === 'softmax'
          ? -Math.exp(row[label]!) / row.reduce((sum, x) => sum + Math.exp(x), 0)
          : -0.25 * (1 - p) ** 2 * Math.log(p) + 0.75 * p ** 2 * Math.log(1 - p);
      return weights.class * ofClass + weights.l1 * l1 - weights.giou * giou;
    };

    test.each([
      [0, 6, 4],
      [1, 5, 5],
      [2, 4, 1],
      [3, 3, 6],
      [4, 4, 0],
    ])('is the best of all: seed %i, %i queries, %i objects', (seed, queries, count) => {
      const drawn = draw(seed, queries, count);
      const match = matchSet(drawn.prediction, drawn.objects, { costs: weights, classification });
      const pairs = [...match].flatMap((q, n) => (q < 0 ? [] : [[q, n] as const]));
      expect(pairs.length).toBe(Math.min(queries, count));
      expect(new Set(pairs.map(([q]) => q)).size).toBe(pairs.length);
      const found = pairs.reduce((sum, [q, n]) => sum + cost(drawn, q, n), 0);
      const table = (rows: number, columns: number, of: (i: number, j: number) => number): number[][] =>
        Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) => of(i, j)));
      const least =
        count <= queries
          ? leastCost(table(count, queries, (n, q) => cost(drawn, q, n)))
          : leastCost(table(queries, count, (q, n) => cost(drawn, q, n)));
      expect(found).toBeCloseTo(least, 5);
    });
  },
);

test('predictions that are no numbers are refused', () => {
  const objects = { labels: [0], boxes: [0.5, 0.5, 0.1, 0.1] };
  expect(() =>
    matchSet({ logits: [NaN, 0], boxes: [0.5, 0.5, 0.1, 0.1] }, objects, {
      costs: weights,
      classification: softmax,
    }),
  ).toThrow(expect.objectContaining({ code: 'non-finite' }));
});
