// What a network has and what is left of it (section 11 of docs/algorithm.md): all numbers are exact counts.

import { type KeptConnections, keptConnections, type Masks, type Network } from '@ma-net/core';

/** Parameters of a network. */
export interface ParameterCount {
  /** All trainable numbers. */
  readonly total: number;
  /** Those in modulated kernels. */
  readonly modulated: number;
  /** All but those of dead connections; what a pruned network is reported with. */
  readonly kept: number;
  readonly removed: number;
}

/** Counts parameters, with the connections that `masks` leaves. */
export function countParameters(network: Network, masks: Masks = {}): ParameterCount {
  const total = network.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let modulated = 0;
  let removed = 0;
  for (const kernel of keptConnections(network, masks)) {
    modulated += kernel.preNeurons * kernel.postNeurons * kernel.area;
    removed += dead(kernel);
  }
  return { total, modulated, kept: total - removed, removed };
}

/**
 * Multiply-accumulates of one image through all kernels and the products of attention; a dead connection
 * takes none. Normalisation, activations, pooling and biases are not counted, as is usual.
 */
export function countMacs(network: Network, masks: Masks = {}): number {
  const positions = new Map(network.parameters.map((spec) => [spec.name, spec.positions]));
  const dense = network.parameters.reduce((sum, spec) => sum + sizeOf(spec.shape) * spec.positions, 0);
  return keptConnections(network, masks).reduce(
    (macs, kernel) => macs - dead(kernel) * positions.get(kernel.param)!,
    dense + network.activationMacs,
  );
}

/** Parameters of dead connections. */
function dead({ preNeurons, postNeurons, area, keptConnections: kept }: KeptConnections): number {
  return (preNeurons * postNeurons - kept) * area;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}
