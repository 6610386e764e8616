// A network as a drawing: columns of channels, and bundles of connections between them. Found by running its program on
// shapes, so that any network of convolutions and products can be drawn.

import { type Network, trace } from '@ma-net/core';
import type { Wiring } from './living.ts';

/** Layers that make new channels out of all of their input's. */
const CONNECTING: ReadonlySet<string> = new Set(['conv', 'dense']);

/**
 * The drawing of a network. Every convolution and product makes a column; what is added to it later, such as a shortcut's
 * own convolution, joins that column.
 */
export function wiringOf({ program, inputs, groups }: Network): Wiring {
  const shapes = Object.fromEntries(inputs.map(({ name, shape }) => [name, shape]));
  const { calls, shapes: made } = trace(program, shapes);
  const columns: { name: string; units: number; depth: number }[] = inputs.map(({ name, shape }) => ({
    name,
    units: shape.at(-1)!,
    depth: 0,
  }));
  const bundles: { param: string; from: number; to: number }[] = [];
  /** Column of every value. */
  const columnOf: number[] = columns.map((_, index) => index);
  const deepest = (candidates: readonly number[]): number =>
    candidates.reduce((best, column) => (columns[column]!.depth > columns[best]!.depth ? column : best));
  for (const { op, name, inputs: read, made: value } of calls) {
    const sources = read.map((place) => columnOf[place]!);
    if (CONNECTING.has(op.kind)) {
      const from = sources[0]!;
      columns.push({ name, units: made[value]!.at(-1)!, depth: columns[from]!.depth + 1 });
      columnOf[value] = columns.length - 1;
      bundles.push({ param: `${name}.weight`, from, to: columns.length - 1 });
      continue;
    }
    const target = deepest(sources);
    columnOf[value] = target;
    // A sum: what only leads into it is drawn as leading to the same channels.
    for (const source of new Set(sources)) {
      if (source === target || bundles.some(({ from }) => from === source)) continue;
      for (const bundle of bundles) if (bundle.to === source) bundle.to = target;
      columnOf.forEach((column, place) => {
        if (column === source) columnOf[place] = target;
      });
    }
  }
  const used = columns.map((_, index) => index).filter((index) => columnOf.includes(index));
  const numbers = new Map(used.map((index, place) => [index, place]));
  const groupOf = (name: string): string | undefined =>
    groups.find(({ members }) =>
      members.some(({ role, tensor }) => role === 'write' && tensor === `${name}.weight`),
    )?.id;
  return {
    columns: used.map((index) => {
      const column = columns[index]!;
      const group = groupOf(column.name);
      return group === undefined ? column : { ...column, group };
    }),
    bundles: bundles.map(({ param, from, to }) => ({
      param,
      from: numbers.get(from)!,
      to: numbers.get(to)!,
    })),
  };
}
