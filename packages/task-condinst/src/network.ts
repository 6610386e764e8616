import { defineNetwork, type Network } from '@ma-net/core';
import { condInst, type CondInstOptions } from '@ma-net/detection';

/** Channels of the mask features: an instance has 169 parameters. */
const MASK_CHANNELS = 8;

/**
 * CondInst (Tian, Shen and Chen 2020) on images [height, width, 3], whose sides are multiples of 32. Its outputs are
 * `p3.cls`, `p3.ltrb`, `p3.ctr` and `p3.filters`, the same of each level up to `p7`, and `mask_features`.
 */
export function condInstNetwork(
  name: string,
  images: readonly [height: number, width: number, channels: number],
  options: Omit<CondInstOptions, 'maskChannels'>,
): Network<'images'> {
  return defineNetwork(name, { images }, (net, inputs) =>
    condInst(net, inputs.images, { ...options, maskChannels: MASK_CHANNELS }),
  );
}
