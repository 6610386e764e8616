// Which connections of a network live: one mask for each kernel that somebody decided about.

import { MaNetError } from './errors.ts';
import type { ModulatedKernel, Network } from './network.ts';

/** 1 where a connection lives, by parameter name, row-major [F, O]. Kernels left out are whole. */
export type Masks = Readonly<Record<string, Uint8Array>>;

/** Connections of one kernel, and how many of them live. */
export interface KeptConnections {
  readonly param: string;
  readonly preNeurons: number;
  readonly postNeurons: number;
  /** Parameters that one connection is worth: kernel height times width. */
  readonly area: number;
  readonly keptConnections: number;
}

/** The mask of a kernel: all ones where it is left out. Throws `network-mismatch` for one of another size. */
export function maskOf({ param, preNeurons, postNeurons }: ModulatedKernel, masks: Masks): Uint8Array {
  const expected = preNeurons * postNeurons;
  if (!Object.hasOwn(masks, param)) return new Uint8Array(expected).fill(1);
  const mask = masks[param]!;
  if (mask.length === expected) return mask;
  throw new MaNetError(
    'network-mismatch',
    `Kernel "${param}" has ${expected} connections but its mask has ${mask.length}.`,
    { hint: `pass the masks of this network, before any compaction: [${preNeurons}, ${postNeurons}] each.` },
  );
}

/** What lives of every kernel, in forward order. Throws `network-mismatch` for masks of another network. */
export function keptConnections(network: Network, masks: Masks = {}): KeptConnections[] {
  checkMasks(network, masks);
  return network.kernels.map((kernel) => {
    const { param, preNeurons, postNeurons, area } = kernel;
    const mask = maskOf(kernel, masks);
    let alive = 0;
    for (const one of mask) if (one !== 0) alive++;
    return { param, preNeurons, postNeurons, area, keptConnections: alive };
  });
}

/** Throws `network-mismatch` where a mask is of no kernel of the network, or of another size. */
export function checkMasks({ name, kernels }: Network, masks: Masks): void {
  const known = new Map(kernels.map((kernel) => [kernel.param, kernel]));
  const unknown = Object.keys(masks).filter((param) => !known.has(param));
  if (unknown.length > 0) {
    throw new MaNetError(
      'network-mismatch',
      `${name} has no kernel ${unknown.map((param) => `"${param}"`).join(', ')} that a mask could be of.`,
      { hint: `masks belong to another network; this one has: ${[...known.keys()].join(', ')}.` },
    );
  }
  for (const param of Object.keys(masks)) maskOf(known.get(param)!, masks);
}
