// Which astrocyte owns which pre-neuron: the e_j of Eq. 3 (section 3).

import { MaNetError, type ModulatedKernel } from '@ma-net/core';

export interface Partition {
  /** The astrocyte of each pre-neuron, in layer then channel order. */
  readonly owner: Int32Array;
  /** F_j: how many pre-neurons each astrocyte owns. */
  readonly sizes: readonly number[];
  /** Pre-neurons sorted by astrocyte, keeping their order: position -> pre-neuron. */
  readonly order: Int32Array;
}

/**
 * Deals the pre-neurons to `astrocytes` owners. `depth` is contiguous and gives each close to the same
 * number of connections; `interleave` deals them in turn. Throws `bad-argument` when one would get none.
 */
export function partitionPreNeurons(
  kernels: readonly Pick<ModulatedKernel, 'preNeurons' | 'postNeurons'>[],
  astrocytes: number,
  kind: 'depth' | 'interleave',
): Partition {
  const owned = kernels.flatMap((k) => Array.from({ length: k.preNeurons }, () => k.postNeurons));
  const total = owned.reduce((a, b) => a + b, 0);
  let running = 0;
  const owner = Int32Array.from(owned, (connections, n) => {
    running += connections;
    if (kind === 'interleave') return n % astrocytes;
    return Math.min(astrocytes - 1, Math.floor((astrocytes * (running - connections / 2)) / total));
  });
  const sizes = Array.from({ length: astrocytes }, (_, j) =>
    owner.reduce((sum, o) => sum + Number(o === j), 0),
  );
  const empty = sizes.indexOf(0);
  if (empty >= 0) {
    throw new MaNetError(
      'bad-argument',
      `Astrocyte ${empty} of ${astrocytes} would own none of the ${owner.length} pre-neurons.`,
      {
        where: `${kind} partition`,
        hint: 'use fewer astrocytes; the depth partition deals whole pre-neurons of very unequal size.',
      },
    );
  }
  const order = Int32Array.from(owner.keys()).sort((a, b) => owner[a]! - owner[b]! || a - b);
  return { owner, sizes, order };
}
