// Detection as the prediction of a set (Carion et al. 2020): DETR's task and that of its relatives, whose networks say the
// same of their queries. Suffixes: L layers, B images, Q queries, N room for objects, K classes.

import { type HostBatch, type HostTensor, MaNetError, type Network, type Task } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import {
  centresOf,
  cocoMeter,
  cornersOf,
  type Detections,
  originalBoxes,
  shownDetections,
} from '@ma-net/detection';
import type * as tf from '@tensorflow/tfjs-core';
import type { Predicted } from './body.ts';
import { setLoss, type SetTargets } from './set-loss.ts';
import { type Classification, matchSet, type SetWeights } from './set-match.ts';

export interface DetrTaskOptions {
  /** DETR's softmax with no object at a tenth unless given. */
  readonly classification?: Classification;
  /** What matching compares: 1, 5 and 2 unless given. */
  readonly costs?: SetWeights;
  /** What the loss adds up: 1, 5 and 2 unless given. */
  readonly weights?: SetWeights;
  /** Most detections of an image, the surest ones; 100 unless given. */
  readonly detections?: number;
}

const SOFTMAX: Classification = { kind: 'softmax', noObject: 0.1 };
const WEIGHTS: SetWeights = { class: 1, l1: 5, giou: 2 };

/** What `assign` adds to a batch. */
interface Decided {
  /** The boxes of the objects: middle x, middle y, width, height, as parts of the image without its padding. */
  readonly parts_BN4: tf.Tensor3D;
  readonly queries_LBN: tf.Tensor3D;
  readonly classes_LBQ: tf.Tensor3D;
}

/**
 * Trains a network whose outputs are the `logits` [Q, K + 1] and `boxes` [Q, 4] of queries, and `layer0.logits`,
 * `layer0.boxes` and so on of layers before the last; each layer has its own matching and its own loss. Its inputs are
 * `images` and, where it knows padding, `sizes`. Compares runs by COCO's AP of boxes. Throws `shape-mismatch` for another
 * network.
 */
export function detr(
  network: Network,
  { classification = SOFTMAX, costs = WEIGHTS, weights = WEIGHTS, detections = 100 }: DetrTaskOptions = {},
): Task<CocoBatch, Detections> {
  const names = layersOf(network);
  const padded = network.inputs.some(({ name }) => name === 'sizes');
  const { queries, classes } = sizesOf(network, classification);

  return {
    name: 'detr',
    network,
    headline: { measure: 'AP', better: 'larger' },
    inputs: ({ images_BHWC, sizes_B2 }) => ({
      images: images_BHWC,
      ...(padded ? { sizes: sizes_B2 } : {}),
    }),

    assign: {
      outputs: names.flatMap(({ logits, boxes }) => [logits, boxes]),
      async decide(outputs, { boxes_BN4, labels_BN, sizes_B2 }) {
        const [boxes, labels, sizes] = await Promise.all([
          boxes_BN4.data(),
          labels_BN.data(),
          sizes_B2.data(),
        ]);
        const [batch, room] = labels_BN.shape;
        const parts = partsOf(boxes, sizes, room);
        const queryOf = new Int32Array(names.length * batch * room).fill(-1);
        const classOf = new Int32Array(names.length * batch * queries).fill(classes);
        names.forEach((name, l) => {
          for (let b = 0; b < batch; b++) {
            const of = (x: ArrayLike<number>, size: number): ArrayLike<number> =>
              (x as Float32Array).subarray(b * size, (b + 1) * size);
            const row = of(labels as Int32Array, room);
            const count = Array.from(row).filter((label) => label >= 0).length;
            const match = matchSet(
              {
                logits: rowOf(outputs[name.logits]!, b),
                boxes: rowOf(outputs[name.boxes]!, b),
              },
              {
                labels: Array.from(row).slice(0, count),
                boxes: Array.from(of(parts, 4 * room)).slice(0, 4 * count),
              },
              { costs, classification },
            );
            queryOf.set(match, (l * batch + b) * room);
            match.forEach((query, n) => {
              if (query >= 0) classOf[(l * batch + b) * queries + query] = row[n]!;
            });
          }
        });
        return {
          parts_BN4: { shape: [batch, room, 4], dtype: 'float32', data: parts },
          queries_LBN: { shape: [names.length, batch, room], dtype: 'int32', data: queryOf },
          classes_LBQ: { shape: [names.length, batch, queries], dtype: 'int32', data: classOf },
        };
      },
    },

    loss(outputs, batch, { ranks }) {
      const { labels_BN, parts_BN4, queries_LBN, classes_LBQ } = batch as CocoBatch & Decided;
      const targets: SetTargets = { boxes_BN4: parts_BN4, labels_BN, queries_LBN, classes_LBQ };
      const layers = names.map(
        ({ logits, boxes }): Predicted<tf.Tensor> => ({ logits: outputs[logits]!, boxes: outputs[boxes]! }),
      );
      return setLoss(layers, targets, { classification, weights }, ranks);
    },

    decode: (outputs, targets) => detectionsOf(outputs, targets, { classification, most: detections }),
    meter: () => cocoMeter({ kinds: ['bbox'] }),
    show: shownDetections,
  };
}

/** The outputs of each layer, the last one last. */
function layersOf({ name, outputs, inputs }: Network): readonly Predicted<string>[] {
  const there = new Set(outputs.map((output) => output.name));
  const layers: Predicted<string>[] = [];
  for (let l = 0; there.has(`layer${l}.logits`) && there.has(`layer${l}.boxes`); l++)
    layers.push({ logits: `layer${l}.logits`, boxes: `layer${l}.boxes` });
  const takes = inputs.every((input) => ['images', 'sizes'].includes(input.name));
  if (there.has('logits') && there.has('boxes') && takes)
    return [...layers, { logits: 'logits', boxes: 'boxes' }];
  throw new MaNetError(
    'shape-mismatch',
    `DETR needs a network from "images" and "sizes" to "logits" and "boxes"; "${name}" goes from ${inputs
      .map((input) => input.name)
      .join(', ')} to ${[...there].join(', ')}.`,
    { where: 'detr', hint: 'use the network detr or dynamicDetr of this package.' },
  );
}

function sizesOf(
  { name, outputs }: Network,
  classification: Classification,
): { readonly queries: number; readonly classes: number } {
  const shapeOf = (output: string): readonly number[] => outputs.find((o) => o.name === output)!.shape;
  const [logits, boxes] = [shapeOf('logits'), shapeOf('boxes')];
  const [queries, width] = logits;
  if (logits.length !== 2 || boxes.join() !== `${queries!},4`) {
    throw new MaNetError(
      'shape-mismatch',
      `The logits of "${name}" are [${logits.join(', ')}], and its boxes [${boxes.join(', ')}].`,
      { where: 'detr', hint: 'give logits [queries, classes] and boxes [queries, 4].' },
    );
  }
  return { queries: queries!, classes: classification.kind === 'softmax' ? width! - 1 : width! };
}

/** Boxes in pixels as parts of their images: middle x, middle y, width, height. */
function partsOf(
  boxes: ArrayLike<number>,
  sizes: ArrayLike<number>,
  room: number,
): Float32Array<ArrayBuffer> {
  return centresOf(boxes).map((value, i) => {
    const [b, axis] = [Math.floor(i / (4 * room)), i % 2];
    return value / sizes[2 * b + 1 - axis]!;
  });
}

/** What there is of image `b`. */
function rowOf({ data, shape }: HostTensor, b: number): ArrayLike<number> {
  const size = data.length / shape[0]!;
  return data.subarray(b * size, (b + 1) * size);
}

/** The last layer's queries as detections, the surest first. */
function detectionsOf(
  outputs: HostBatch,
  { originals_B2 }: HostBatch,
  { classification, most }: { readonly classification: Classification; readonly most: number },
): Detections[] {
  const [batch] = outputs['logits']!.shape as [number];
  return Array.from({ length: batch }, (_, b) => {
    const boxes = cornersOf(rowOf(outputs['boxes']!, b));
    const named = namedQueries(rowOf(outputs['logits']!, b), boxes.length / 4, classification);
    const surest = named.toSorted((a, c) => c.score - a.score || a.query - c.query).slice(0, most);
    const chosen = surest.flatMap(({ query }) => [...boxes.subarray(4 * query, 4 * query + 4)]);
    return {
      boxes: originalBoxes(chosen, [1, 1], rowOf(originals_B2!, b) as unknown as readonly [number, number]),
      labels: Int32Array.from(surest, ({ label }) => label),
      scores: Float32Array.from(surest, ({ score }) => score),
    };
  });
}

interface NamedQuery {
  readonly query: number;
  readonly label: number;
  /** From 0 to 1. */
  readonly score: number;
}

/**
 * Classes of queries by logits [Q, K + 1] or [Q, K]: with softmax the likeliest one of each query, whatever no object is;
 * with a logit for each class, every class of every query (Zhu et al. 2021).
 */
export function namedQueries(
  logits: ArrayLike<number>,
  queries: number,
  { kind }: Pick<Classification, 'kind'>,
): NamedQuery[] {
  const width = logits.length / queries;
  return Array.from({ length: queries }, (_, query) => {
    const row = Array.from({ length: width }, (__, k) => logits[query * width + k]!);
    if (kind === 'focal') return row.map((x, label) => ({ query, label, score: 1 / (1 + Math.exp(-x)) }));
    const highest = Math.max(...row);
    const total = row.reduce((sum, x) => sum + Math.exp(x - highest), 0);
    const real = row.slice(0, -1);
    const label = real.indexOf(Math.max(...real));
    return [{ query, label, score: Math.exp(row[label]! - highest) / total }];
  }).flat();
}
