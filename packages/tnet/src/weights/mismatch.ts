// What is said of weights that belong to another network.

import { MaNetError, type Network, type ParamDifference, printable } from '@ma-net/core';
import type { FromPyTorch } from './formats.ts';

/** Weights that do not fit, and how they were read. */
export interface Misfit {
  readonly read: FromPyTorch;
  /** Without those that a fresh classifier explains. */
  readonly differences: readonly ParamDifference[];
}

const SHOWN = 20;

/** So many differences are a list to be read; more say that it is another network. */
const READABLE = 40;

/** The error about weights that do not fit; `guess` is the name of a network that they would fit better. */
export function mismatch(
  network: Network,
  { read: { format, renamed }, differences }: Misfit,
  where: string,
  guess?: string,
): MaNetError {
  const all = network.parameters.length + network.statistics.length;
  const absent = differences.filter((d) => d.expected !== undefined).length;
  const lines =
    differences.length > READABLE
      ? [
          `  ${all - absent} of its ${all} tensors are in the file; the first that differ:`,
          ...listed(differences, 4),
        ]
      : listed(differences, SHOWN);
  const narrower = guess === undefined && differences.every(isNarrower);
  return new MaNetError(
    'network-mismatch',
    [
      narrower
        ? `The weights are those of a narrower ${network.name}: one that is slim, or was compacted. Nothing was loaded.`
        : `The weights do not belong to ${network.name}, read with ${format}'s names. Nothing was loaded.`,
      ...lines,
      ...renamed.map((how) => `  ${how}`),
    ].join('\n'),
    {
      where,
      hint: narrower
        ? 'start from weights of the full width, and ask for all that is to go at once.'
        : guess === undefined
          ? 'load them into the network they were made for, or pass the weights of this one.'
          : `they look like those of ${guess}: load them into that, or pass the weights of ${network.name}.`,
    },
  );
}

function isNarrower({ expected, found }: ParamDifference): boolean {
  if (expected === undefined || found?.length !== expected.length) return false;
  return found.every((size, axis) => size <= expected[axis]!);
}

function listed(differences: readonly ParamDifference[], shown: number): string[] {
  const shape = (s: readonly number[]): string => `[${s.join(', ')}]`;
  const kinds = {
    missing: differences.filter((d) => d.found === undefined),
    unexpected: differences.filter((d) => d.expected === undefined),
    'of another shape': differences.filter((d) => d.expected !== undefined && d.found !== undefined),
  };
  return Object.entries(kinds).flatMap(([kind, list]) => [
    ...(list.length === 0 ? [] : [`  ${list.length} ${kind}:`]),
    ...list.slice(0, shown).map(({ name, expected, found }) => {
      const both = expected !== undefined && found !== undefined;
      return `    ${printable(name, 100)} ${both ? `${shape(found)}, expected ${shape(expected)}` : shape((expected ?? found)!)}`;
    }),
    ...(list.length > shown ? [`    ... and ${list.length - shown} more`] : []),
  ]);
}
