// Which kernels of a network are modulated: a choice of the method over what the network declares.

import { MaNetError, type ModulatedKernel, type Network, suggestion } from '@ma-net/core';
import * as z from 'zod/mini';

/** A choice of kernels; all but those at the network's ends unless it says more. */
export const selection = z.strictObject({
  /** Also kernels that read an input of the network: the first convolution. */
  stem: z._default(z.boolean(), false),
  /** Also kernels that write an output of the network: the classifier. */
  outputs: z._default(z.boolean(), false),
  /** Layers that are left alone besides, by name. */
  leave: z._default(z.readonly(z.array(z.string())), []),
});

export type Selection = Readonly<z.input<typeof selection>>;

/** The kernels to modulate, in forward order. Throws `unknown-name` for a layer that the network has not. */
export function select(
  { kernels, groups }: Pick<Network, 'kernels' | 'groups'>,
  { stem = false, outputs = false, leave = [] }: Selection = {},
): readonly ModulatedKernel[] {
  const layers = new Map(kernels.map(({ param }) => [param, param.replace(/\.weight$/, '')]));
  for (const name of leave) {
    if (![...layers.values()].includes(name)) {
      throw new MaNetError('unknown-name', `The network has no layer "${name}" that could be modulated.`, {
        where: 'leave',
        hint: suggestion(name, layers.values()),
      });
    }
  }
  // The channels of inputs belong to no group, so that nobody reads them in one.
  const reads = new Set<string>();
  const writes = new Set<string>();
  for (const { members, pinnedBy } of groups) {
    const isOutput = pinnedBy.some(({ kind }) => kind === 'output');
    for (const { tensor, role } of members) {
      if (role === 'read') reads.add(tensor);
      if (role === 'write' && isOutput) writes.add(tensor);
    }
  }
  return kernels.filter(
    ({ param }) =>
      (stem || reads.has(param)) && (outputs || !writes.has(param)) && !leave.includes(layers.get(param)!),
  );
}
