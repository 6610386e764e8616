// Patches (im2col) in NHWC order: a gather of whole pixels, so that a filter gradient is one matrix product.

import type { Lowering } from './lowering.ts';
import { patchIndices, type Window } from './window.ts';

/**
 * The patches of the NHWC image named `rows` under window `w`, as [batch, outPixels * kernelPixels, channels];
 * which is [batch * outPixels, kernelPixels * channels] without moving anything.
 */
export function patches(g: Lowering, rows: string, w: Window): string {
  const { batch, inChannels } = w;
  const pixels = w.input[0] * w.input[1];
  const { indices, padded } = patchIndices(w);
  let image = g.reshape(rows, [batch, pixels, inChannels]);
  if (padded) {
    const zeros = g.expand(g.model.scalar(0), [batch, 1, inChannels]);
    image = g.model.node('Concat', [image, zeros], { axis: 1 });
  }
  return g.op('Gather', [image, g.model.constant(indices, [indices.length], 'int32')], { axis: 1 });
}
