// What was taken from a weight file, for people.

import { excerpt } from '@ma-net/core';
import type { WeightReport } from './load.ts';

/** Names that are listed of each kind; of the others there is a count. */
const LISTED = 3;

/** What was taken from a weight file and what was not, in lines: the first says how much, the others are indented. */
export function describeWeights(report: WeightReport): string {
  const { format, loaded, replaced, renamed, leftOut, converted, verified } = report;
  const seal = verified ? 'as a digest says that they were written' : 'without a digest to compare with';
  const shape = ({ name, expected, found }: WeightReport['replaced'][number]): string =>
    `${name} [${expected!.join(', ')}]${found === undefined ? '' : ` (the file's is [${found.join(', ')}])`}`;
  const lines = [
    ['starts afresh', replaced.map(shape)],
    ['read under another name', renamed],
    ['left out', leftOut.map((name) => excerpt(name))],
    ['made float32', converted],
  ] as const;
  return [
    `${String(loaded).replace(/\B(?=(\d{3})+$)/g, ' ')} numbers with ${format}'s names, ${seal}`,
    ...lines.flatMap(([what, of]) => (of.length === 0 ? [] : [`  ${what}: ${some(of)}`])),
  ].join('\n');
}

function some(all: readonly string[]): string {
  const more = all.length - LISTED;
  return [...all.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
