// What a network has and what is left of it (section 11 of docs/algorithm.md): all numbers are exact counts.

import { MaNetError, type ModulatedKernel, type Network } from '@ma-net/core';

/** Masks [F, O] of modulated kernels by name, row-major: 0 where a connection is dead. Kernels left out are whole. */
export type Masks = Readonly<Record<string, ArrayLike<number>>>;

/** Connections of one modulated kernel. */
export interface KeptConnections {
  readonly param: string;
  readonly kept: number;
  readonly of: number;
  /** Parameters that one connection is worth: kernel height times width. */
  readonly area: number;
}

/** Connections left in each modulated kernel, in forward order. */
export function keptConnections(network: Network, masks: Masks = {}): KeptConnections[] {
  checkNames(network, masks);
  return network.kernels.map((kernel) => {
    const of = kernel.preNeurons * kernel.postNeurons;
    const mask = masks[kernel.param];
    const kept = mask === undefined ? of : countAlive(kernel, mask, of);
    return { param: kernel.param, kept, of, area: kernel.area };
  });
}

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
  for (const { kept, of, area } of keptConnections(network, masks)) {
    modulated += of * area;
    removed += (of - kept) * area;
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
    (macs, { param, kept, of, area }) => macs - (of - kept) * area * positions.get(param)!,
    dense + network.activationMacs,
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}

function countAlive(kernel: ModulatedKernel, mask: ArrayLike<number>, of: number): number {
  if (mask.length !== of) {
    throw new MaNetError('shape-mismatch', `The mask has ${mask.length} entries; expected ${of}.`, {
      where: kernel.param,
      hint: `masks are [F, O] = [${kernel.preNeurons}, ${kernel.postNeurons}] and belong to the network before compaction.`,
    });
  }
  let alive = 0;
  for (let i = 0; i < of; i++) if (mask[i] !== 0) alive++;
  return alive;
}

function checkNames(network: Network, masks: Masks): void {
  const known = new Set(network.kernels.map((kernel) => kernel.param));
  const unknown = Object.keys(masks).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new MaNetError(
    'network-mismatch',
    `${network.name} has no modulated kernel ${unknown.map((name) => `"${name}"`).join(', ')}.`,
    { hint: `masks belong to another network; this one has: ${[...known].join(', ')}.` },
  );
}
