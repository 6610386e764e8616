import { defineNetwork } from '../src/define.ts';
import type { Network } from '../src/network.ts';
import type { Net, Program } from '../src/program.ts';

/** From one value to one value. */
export type Layers = <V>(net: Net<V>, x: V) => V;

/** A program from `images` to `logits`. */
export const classifier =
  (layers: Layers): Program<'images', 'logits'> =>
  (net, { images }) => ({ logits: layers(net, images) });

/** A network from `images` to what `layers` make of them. */
export function single(
  layers: Layers,
  images: readonly number[],
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Network<'images', 'made'> {
  return defineNetwork('single', { images }, (net, inputs) => ({ made: layers(net, inputs.images) })).resized(
    shapes,
  );
}
