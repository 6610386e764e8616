// Between masks of units and masks of connections: a dead unit is one whose reading rows are all 0.

import { maskOf, type Masks, type ModulatedKernel } from '@ma-net/core';
import { span, type UnitGroup, type UnitMasks } from './unit-groups.ts';

/**
 * The masks of connections that masks of units amount to: all rows that read a dead unit are 0. Its writing
 * slices are left alone: without readers they have no effect, and they wait for the unit to come back.
 * `within` are masks of single connections that hold besides; all live unless given.
 */
export function masksOfUnits(
  groups: readonly UnitGroup[],
  kernels: readonly ModulatedKernel[],
  units: UnitMasks,
  within: Masks = {},
): Record<string, Uint8Array> {
  const masks = new Map(kernels.map((kernel) => [kernel.param, Uint8Array.from(maskOf(kernel, within))]));
  groups.forEach(({ readers }, g) => {
    for (const { kernel, members } of readers) {
      for (const member of members) {
        units[g]!.forEach((alive, unit) => {
          const { from, to } = span(member, unit);
          if (alive === 0)
            masks.get(kernel.param)!.fill(0, from * kernel.postNeurons, to * kernel.postNeurons);
        });
      }
    }
  });
  return Object.fromEntries(masks);
}

/** Which units live under masks of connections: those with a living connection to any of their readers. */
export function unitsOfMasks(groups: readonly UnitGroup[], masks: Masks): Uint8Array[] {
  return groups.map(({ units, readers }) => {
    const living = new Uint8Array(units);
    for (const { kernel, members } of readers) {
      const mask = maskOf(kernel, masks);
      const { postNeurons } = kernel;
      for (const member of members) {
        for (let unit = 0; unit < units; unit++) {
          const { from, to } = span(member, unit);
          const rows = mask.subarray(from * postNeurons, to * postNeurons);
          if (rows.some((alive) => alive !== 0)) living[unit] = 1;
        }
      }
    }
    return living;
  });
}
