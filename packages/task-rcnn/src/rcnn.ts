// Faster R-CNN as a task: two looks of the network, with a decision on the host in between.

import { type Assignment, type HostBatch, MaNetError, type Network, Rng, type Task } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { cocoMeter, type Detections, type ImageSize, shownDetections } from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';
import { rcnnDetections } from './detections.ts';
import { rcnnLosses } from './loss.ts';
import type { RcnnNetwork } from './network.ts';
import {
  allAnchors,
  anchorsFor,
  type LevelAnchors,
  ofImage,
  type Proposals,
  proposalsOf,
} from './proposals.ts';
import type { RcnnRules } from './rules.ts';
import { drawsOf, type Objects, roiTargets, rpnTargets } from './targets.ts';

/** A batch with what was decided about it. */
export type RcnnBatch = CocoBatch & { readonly rois_BR4?: tf.Tensor3D };

/**
 * Trains a network of `rcnnNetwork` by its four losses, and compares runs by `AP`. In training, it looks again at samples
 * of what it proposed; in evaluation, at all of it.
 */
export function rcnn(network: Network, rules: RcnnRules): Task<CocoBatch, Detections> {
  const classes = classesOf(network, rules);
  const anchors = anchorsFor(network as unknown as RcnnNetwork, rules);
  const first = network.outputs.flatMap(({ name }) => (name.includes('.') ? [name] : []));

  /** What the network proposes, image by image. */
  const propose = (
    outputs: HostBatch,
    sizes: readonly ImageSize[],
    made: LevelAnchors,
    training: boolean,
  ): Proposals[] => sizes.map((size, b) => proposalsOf(outputs, b, size, made, rules, training));

  const assign: Assignment<CocoBatch> = {
    outputs: first,
    async decide(outputs, batch, { rng = Rng.fromSeed(0) }) {
      const [sizes, objects] = await Promise.all([sizesOf(batch), objectsOf(batch)]);
      const made = anchors(outputs, paddedSize(batch));
      const draw = drawsOf(rng.split('samples'));
      const proposals = propose(outputs, sizes, made, true).map(({ boxes }) => boxes);
      return {
        ...rpnTargets(allAnchors(made), objects, rules, draw),
        ...roiTargets(proposals, objects, classes, rules, draw),
      };
    },
  };

  return {
    name: 'rcnn',
    network,
    headline: { measure: 'AP', better: 'larger' },
    inputs: ({ images_BHWC, rois_BR4 }: RcnnBatch) =>
      rois_BR4 === undefined ? { images: images_BHWC } : { images: images_BHWC, rois: rois_BR4 },
    assign,
    look: {
      outputs: first,
      async decide(outputs, batch) {
        const made = anchors(outputs, paddedSize(batch));
        const proposals = propose(outputs, await sizesOf(batch), made, false);
        const room = rules.rpn.proposals[1];
        const rois = new Float32Array(proposals.length * room * 4);
        for (const [b, { boxes }] of proposals.entries()) rois.set(boxes, b * room * 4);
        return { rois_BR4: { shape: [proposals.length, room, 4], dtype: 'float32', data: rois } };
      },
    },
    loss: (outputs, batch, { ranks }) =>
      tf.tidy(() => {
        const losses = rcnnLosses(outputs, batch as Readonly<Record<string, tf.Tensor>>, rules, ranks);
        return { loss: tf.addN(Object.values(losses)) as tf.Scalar, ...losses };
      }),
    decode: (outputs, { sizes_B2, originals_B2 }) =>
      pairs(sizes_B2!.data).map((size, b) => {
        const original = pairs(ofImage(originals_B2!, b))[0]!;
        return rcnnDetections(outputs, b, { size, original }, rules);
      }),
    meter: () => cocoMeter({ kinds: ['bbox'] }),
    show: shownDetections,
  };
}

/** K, without background. Throws `shape-mismatch` unless the network has what two looks by these rules give. */
function classesOf({ name, outputs, inputs }: Network, { rpn, roi }: RcnnRules): number {
  const of = (output: string): readonly number[] => outputs.find((o) => o.name === output)?.shape ?? [];
  const all = of('classes')[1] ?? 0;
  const boxes = 4 * (roi.background === 'first' ? all : all - 1);
  const anchors = of('p2.objectness')[2];
  const takesRois = inputs.some((input) => input.name === 'rois');
  if (takesRois && all > 1 && of('boxes')[1] === boxes && anchors === rpn.ratios.length) return all - 1;
  const gives = outputs.map((output) => `"${output.name}" [${output.shape.join(', ')}]`).join(', ');
  throw new MaNetError(
    'shape-mismatch',
    `Faster R-CNN by these rules takes "rois", and gives "classes" and "boxes" of them; "${name}" gives ${gives}.`,
    {
      where: 'rcnn',
      hint: 'make the network with rcnnNetwork and the rules of the task, or choose "@ma-net/task-rcnn#network" with them.',
    },
  );
}

function paddedSize({ images_BHWC }: CocoBatch): ImageSize {
  return [images_BHWC.shape[1], images_BHWC.shape[2]];
}

async function sizesOf({ sizes_B2 }: CocoBatch): Promise<ImageSize[]> {
  return pairs(await sizes_B2.data());
}

function pairs(numbers: ArrayLike<number>): [number, number][] {
  return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!]);
}

/** The objects of every image, without what is padding. */
async function objectsOf({ boxes_BN4, labels_BN }: CocoBatch): Promise<Objects[]> {
  const [boxes, labels] = await Promise.all([boxes_BN4.data(), labels_BN.data()]);
  const [batch, room] = labels_BN.shape;
  return Array.from({ length: batch }, (_, b) => {
    const real = Array.from({ length: room }, (__, n) => b * room + n).filter((at) => labels[at]! >= 0);
    return {
      boxes: real.flatMap((at) => [...boxes.subarray(4 * at, 4 * at + 4)]),
      labels: real.map((at) => labels[at]!),
    };
  });
}
