import type { Net } from '@ma-net/core';

/** Where in a network of stages a plug-in stands. */
export interface BlockPlace {
  /** Of the stage, from 0. */
  readonly stage: number;
  readonly stages: number;
  /** Channels that it reads, as the network was designed: a network that was cut has fewer. */
  readonly width: number;
}

/**
 * Layers that are put into every residual block, or into those that halve the map, under the name of the block. It takes its
 * widths from `place`, never from `x`: the program runs again on a network that was cut.
 */
export type Block = <V>(net: Net<V>, layer: string, x: V, place: BlockPlace) => V;

/** What a residual network can be given besides its convolutions. */
export interface PlugIns {
  /** On the residual branch, after its last normalisation and before the sum: keeps the shape. */
  readonly branch?: Block;
  /**
   * In place of the stride of a block: the convolution that would halve the map moves by 1, and this halves what its
   * normalisation and activation make of it.
   */
  readonly pool?: Block;
}
