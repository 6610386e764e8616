import { defineNetwork, type Network } from '@ma-net/core';
import { condInst, type CondInstOptions } from '@ma-net/detection';
import { countIterations } from './iterations.ts';

/** Channels of the mask features: an instance has 233 parameters. */
const MASK_CHANNELS = 16;

/**
 * BoxInst (Tian et al. 2021) on images [height, width, 3], whose sides are multiples of 32: CondInst with twice as many
 * mask features. Its outputs are CondInst's, and `iterations`, by which a loss grows.
 */
export function boxInstNetwork(
  name: string,
  images: readonly [height: number, width: number, channels: number],
  options: Omit<CondInstOptions, 'maskChannels'>,
): Network<'images'> {
  return defineNetwork(name, { images }, (net, inputs) => ({
    ...condInst(net, inputs.images, { ...options, maskChannels: MASK_CHANNELS }),
    iterations: net.apply(countIterations, 'mask_head', [inputs.images], null),
  }));
}
