// Instance segmentation with filters of every instance (Tian, Shen and Chen 2020). Suffixes: B batch, P points of all
// levels, I instances, h and w in steps of 4 pixels.

import { MaNetError, type Network, readParams, Rng, type Task } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import {
  cocoMeter,
  condInstBoxLosses,
  condInstDetections,
  condInstLevels,
  condInstMasks,
  type Detections,
  diceLoss,
  FCOS_RANGES,
  instanceTargets,
  meanOfReal,
  shownDetections,
  someOf,
} from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';

export interface CondInstTaskOptions {
  /** Room for instances of a mini-batch that learn a mask; where there are more, they are drawn. 500 unless given. */
  readonly instances?: number;
  /** Scores up to this are no detections; 0.05 unless given. */
  readonly threshold?: number;
  /** Overlap from which on the less sure of two detections of a class goes; 0.6 unless given. */
  readonly overlap?: number;
  /** Detections of an image; 100 unless given. */
  readonly limit?: number;
}

/**
 * Trains boxes as FCOS does and masks by dice loss; compares runs by `maskAP`. Terms beside the loss: `cls`, `loc`, `ctr`
 * and `mask`, its parts. Training batches hold masks at every fourth pixel (`maskStride: 4`); throws `bad-argument`
 * where they do not.
 */
export function condInstTask(
  network: Network,
  { instances = 500, ...detected }: CondInstTaskOptions = {},
): Task<CocoBatch, Detections> {
  return {
    name: 'condinst',
    network,
    headline: { measure: 'maskAP', better: 'larger' },
    inputs: ({ images_BHWC }) => ({ images: images_BHWC }),

    assign: {
      outputs: [],
      async decide(_, batch) {
        const { images_BHWC, boxes_BN4, labels_BN, centres_BN2, indices_B } = withMasks(batch);
        const [, height, width] = images_BHWC.shape;
        const objects = await readParams({ boxes_BN4, labels_BN, centres_BN2, indices_B });
        const seen = [...objects['indices_B']!.data].join();
        return instanceTargets(
          objects as unknown as Parameters<typeof instanceTargets>[0],
          condInstLevels([height, width]),
          {
            ranges: FCOS_RANGES,
            room: instances,
            choose: ({ length }) => someOf(length, instances, Rng.fromSeed(0).split(`instances of ${seen}`)),
          },
        );
      },
    },

    loss: (outputs, batch, { ranks }) =>
      tf.tidy(() => {
        const targets = batch as unknown as Readonly<Record<string, tf.Tensor>>;
        const boxes = condInstBoxLosses(outputs, targets, ranks);
        const logits_Ihw = condInstMasks(outputs, targets);
        const [room, height, width] = logits_Ihw.shape;
        const masks = tf.reshape(withMasks(batch).masks_BNhw, [-1, height * width]);
        const truth = tf.gather(masks, targets['objects_I'] as tf.Tensor1D);
        const each_I = diceLoss(tf.sigmoid(tf.reshape(logits_Ihw, [room, height * width])), truth);
        const mask = meanOfReal(each_I, targets['real_I']!, ranks);
        const loss = tf.addN([boxes.cls, boxes.loc, boxes.ctr, mask]) as tf.Scalar;
        return { ...boxes, mask, loss };
      }),

    decode: (outputs, targets) => condInstDetections(outputs, targets, detected),
    meter: () => cocoMeter({ kinds: ['bbox', 'segm'] }),
    show: shownDetections,
  };
}

/** Throws `bad-argument` for a batch without masks at every fourth pixel. */
function withMasks(batch: CocoBatch): Required<Pick<CocoBatch, 'masks_BNhw' | 'centres_BN2'>> & CocoBatch {
  const { images_BHWC, masks_BNhw, centres_BN2 } = batch;
  const [rows, columns] = images_BHWC.shape.slice(1, 3).map((side) => side / 4);
  const found = masks_BNhw?.shape.slice(2);
  if (masks_BNhw !== undefined && centres_BN2 !== undefined && found!.join() === [rows, columns].join())
    return { ...batch, masks_BNhw, centres_BN2 };
  throw new MaNetError(
    'bad-argument',
    found === undefined
      ? 'The batches have boxes and no masks, and CondInst learns masks.'
      : `The masks of the batches are ${found.join(' x ')}, expected ${rows} x ${columns}: every fourth pixel.`,
    {
      where: 'the task "condinst"',
      hint: 'set data.maskStride=4, or learn from boxes alone, as BoxInst does.',
    },
  );
}
