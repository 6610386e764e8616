// Patches (im2col) in NHWC order: a gather of whole pixels, so that a filter gradient is one matrix product.

import { type Lowering, sizeOf } from './lowering.ts';
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
  return g.op('Gather', [image, g.table(`patches ${JSON.stringify(w)}`, () => indices)], { axis: 1 });
}

/**
 * The transpose of reading patches: the NHWC image, each pixel the sum of all places of `patches_RK` that show it.
 * A sum of gathers, since scattering is slow: one for each of the windows that overlap at a pixel.
 */
export function sumPatches(g: Lowering, patches_RK: string, w: Window): string {
  const { indices } = patchIndices(w);
  const places = indices.length;
  const pixels = sizeOf(w.input);
  const shown: number[][] = Array.from({ length: pixels }, () => []);
  indices.forEach((pixel, place) => shown[pixel]?.push(place));
  const most = shown.reduce((longest, list) => Math.max(longest, list.length), 1);
  const zeros = g.expand(g.model.scalar(0), [w.batch, 1, w.inChannels]);
  const all = g.op('Concat', [g.reshape(patches_RK, [w.batch, places, w.inChannels]), zeros], { axis: 1 });
  const layers = Array.from({ length: most }, (_, k) => {
    const at = Int32Array.from(shown, (list) => list[k] ?? places);
    return g.op('Gather', [all, g.model.constant(at, [pixels], 'int32')], { axis: 1 });
  });
  return g.reshape(
    layers.reduce((sum, layer) => g.op('Add', [sum, layer])),
    [w.batch, ...w.input, w.inChannels],
  );
}
