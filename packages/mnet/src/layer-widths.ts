// How wide every layer of a network is with fewer units: what it reads and what it makes, without building the
// smaller network. Both are sums over units, so that the difference that one unit makes tells all.

import { type Call, type Network, type Trace, trace } from '@ma-net/core';
import { shapesAfter } from './cuts.ts';
import type { LooseGroup } from './unit-groups.ts';

/** Channels, with every unit alive and for each unit of a group. */
export interface Width {
  readonly full: number;
  /** By the index of the group. */
  readonly perUnit: ReadonlyMap<number, number>;
}

/** One layer of a network. */
export interface LayerWidths {
  /** What it computes; layers of one text take the same time. */
  readonly layer: string;
  /** Channels of all its inputs. */
  readonly reads: Width;
  readonly makes: Width;
}

/** Shapes of all parameters with `alive[g]` units in group g. */
export function shapesWith(
  network: Network,
  groups: readonly LooseGroup[],
  alive: readonly number[],
): Record<string, readonly number[]> {
  const cuts = groups.map(({ id, units }, g) => ({
    group: id,
    keep: Array.from({ length: alive[g]! }, (_, unit) => unit),
    of: units,
  }));
  return shapesAfter(
    network,
    cuts.filter(({ keep, of }) => keep.length < of),
  );
}

/** The layers of a network whose parameters have these shapes. */
export function traceWith(
  { program, inputs, outputs }: Network,
  shapes: Readonly<Record<string, readonly number[]>>,
): Trace {
  const given = Object.fromEntries(inputs.map(({ name, shape }) => [name, shape]));
  return trace(program, given, { shapes, wanted: outputs.map(({ name }) => name) });
}

/** Channels that a layer reads and makes. */
export function widthsOf({ shapes }: Trace, { inputs, made }: Call): { reads: number; makes: number } {
  const width = (place: number): number => shapes[place]!.at(-1) ?? 1;
  return { reads: inputs.reduce((sum, place) => sum + width(place), 0), makes: width(made) };
}

/** What a layer computes, in one line: its kind, options and shapes. */
export function textOf({ shapes }: Trace, { op, inputs, options, made }: Call): string {
  const plain = Object.entries((options ?? {}) as object).filter(([key]) => key !== 'init' && key !== 'out');
  const said = plain.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(', ');
  const read = inputs.map((place) => `[${shapes[place]!.join(', ')}]`).join(' ');
  return `${op.kind}${said === '' ? '' : ` (${said})`} ${read} -> [${shapes[made]!.join(', ')}]`;
}

/** All layers of `network` that take inputs, in forward order; `groups` say which units may go. */
export function layerWidths(network: Network, groups: readonly LooseGroup[]): LayerWidths[] {
  const full = groups.map(({ units }) => units);
  const at = (alive: readonly number[]): Trace => traceWith(network, shapesWith(network, groups, alive));
  const whole = at(full);
  const layers = whole.calls.map((call) => ({
    call,
    ...widthsOf(whole, call),
    reading: new Map<number, number>(),
    making: new Map<number, number>(),
  }));
  full.forEach((units, g) => {
    if (units === 1) return;
    const fewer = at(full.with(g, units - 1));
    layers.forEach(({ reads, makes, reading, making }, i) => {
      const now = widthsOf(fewer, fewer.calls[i]!);
      if (now.reads !== reads) reading.set(g, reads - now.reads);
      if (now.makes !== makes) making.set(g, makes - now.makes);
    });
  });
  return layers
    .filter(({ call }) => call.inputs.length > 0)
    .map(({ call, reads, makes, reading, making }) => ({
      layer: textOf(whole, call),
      reads: { full: reads, perUnit: reading },
      makes: { full: makes, perUnit: making },
    }));
}
