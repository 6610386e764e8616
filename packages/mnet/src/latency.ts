// How long a network with fewer units would take, from a table of measured layers.

import { MaNetError, type Network } from '@ma-net/core';
import { type LatencyTable, timeAt } from './latency-table.ts';
import { layerWidths, type Width } from './layer-widths.ts';
import type { LooseGroup } from './unit-groups.ts';
import type { Measure } from './unit-size.ts';

/**
 * Milliseconds per image of the network that is left: the sum over its layers, each interpolated between the widths at
 * which it was measured, times what makes the sum of the full network its own measured time. Throws
 * `network-mismatch` where the table knows nothing of a layer.
 */
export function latencyMeasure(
  network: Network,
  groups: readonly LooseGroup[],
  table: LatencyTable,
): Measure {
  const known = new Map(table.layers.map((layer) => [layer.layer, layer]));
  const layers = layerWidths(network, groups).map((layer) => {
    const times = known.get(layer.layer);
    if (times !== undefined) return { ...layer, times };
    throw new MaNetError('network-mismatch', `The table of latencies has no times of ${layer.layer}.`, {
      where: `latency of ${network.name}`,
      hint: 'measure this network: leave "table" out of the rule, and it is measured before the run starts.',
    });
  });
  const sum = layers.reduce(
    (total, { reads, makes, times }) => total + timeAt(times, reads.full, makes.full),
    0,
  );
  const scale = sum === 0 ? 0 : table.milliseconds / sum;
  const units = groups.map((group) => group.units);
  const terms = layers.map(({ reads, makes, times }) => ({
    groups: [...new Set([...reads.perUnit.keys(), ...makes.perUnit.keys()])],
    at: (alive: readonly number[]) =>
      scale * timeAt(times, left(reads, units, alive), left(makes, units, alive)),
  }));
  return { name: 'latency', terms };
}

function left({ full, perUnit }: Width, units: readonly number[], alive: readonly number[]): number {
  let rest = full;
  for (const [g, channels] of perUnit) rest -= channels * (units[g]! - alive[g]!);
  return rest;
}
