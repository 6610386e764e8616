// Which layers to time, at which widths; the stopwatch is the caller's.

import { defineNetwork, type Call, type Network, type Trace } from '@ma-net/core';
import type { LatencyTable, LayerTimes } from './latency-table.ts';
import { shapesWith, textOf, traceWith, widthsOf } from './layer-widths.ts';
import { type LooseGroup, looseGroups } from './unit-groups.ts';

/** Parts of all widths at which a layer is timed; what lies between is interpolated. */
const PARTS = [0.1, 0.4, 0.7, 1];

/** A layer of a network, as networks of their own at several widths. */
export interface LayerSample extends Omit<LayerTimes, 'milliseconds'> {
  /** The layer alone, reading `reads[i]` and making `makes[j]` channels. */
  at(i: number, j: number): Network;
}

/** How often the whole network is timed; the fastest counts. */
const WHOLES = 6;

interface Size {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly trace: Trace;
}

/** Every layer of `network` once that takes inputs, at widths between all of its units and a tenth of them. */
export function layerSamples(
  network: Network,
  groups: readonly LooseGroup[] = looseGroups(network),
): LayerSample[] {
  const sizes = PARTS.map((part): Size => {
    const alive = groups.map(({ units }) => Math.max(1, Math.round(part * units)));
    const shapes = shapesWith(network, groups, alive);
    return { shapes, trace: traceWith(network, shapes) };
  });
  const whole = sizes.at(-1)!.trace;
  const connecting = network.parameters.filter(({ kind }) => kind === 'conv' || kind === 'dense');
  const postAxes = new Map(connecting.map(({ name, shape }) => [name, shape.length - 1]));
  const alike = new Map<string, Call[]>();
  for (const call of whole.calls) {
    if (call.inputs.length === 0) continue;
    const layer = textOf(whole, call);
    alike.set(layer, [...(alike.get(layer) ?? []), call]);
  }
  return [...alike].map(([layer, calls]) => {
    const at = calls.flatMap((call) => {
      const c = whole.calls.indexOf(call);
      return sizes.map(({ shapes, trace }) => {
        const found = trace.calls[c]!;
        return { shapes, trace, call: found, ...widthsOf(trace, found) };
      });
    });
    const rows = ascending(at, ({ reads }) => reads);
    const postAxis = postAxes.get(`${calls[0]!.name}.weight`);
    // The channels that a kernel makes do not depend on those that it reads; those of other layers follow from them.
    const columns = postAxis === undefined ? rows.slice(-1) : ascending(at, ({ makes }) => makes);
    return {
      layer,
      reads: rows.map(({ reads }) => reads),
      makes: columns.map(({ makes }) => makes),
      at(i, j) {
        const { shapes, trace, call } = rows[i]!;
        if (postAxis === undefined) return alone(trace, call, shapes);
        const kernel = `${call.name}.weight`;
        const wide = shapes[kernel]!.with(postAxis, columns[j]!.makes);
        return alone(trace, call, { ...shapes, [kernel]: wide });
      },
    };
  });
}

/** One layer as a network, with what it reads that depends on no input. */
function alone(trace: Trace, call: Call, shapes: Size['shapes']): Network {
  const learned = call.inputs.map((place) =>
    trace.calls.find(({ made, inputs }) => made === place && inputs.length === 0),
  );
  const given = call.inputs.flatMap((place, i) =>
    learned[i] === undefined ? [[`x${i}`, trace.shapes[place]!] as const] : [],
  );
  const layer = defineNetwork(call.op.kind, Object.fromEntries(given), (net, inputs) => {
    const values = learned.map((source, i) =>
      source === undefined ? inputs[`x${i}`]! : net.apply(source.op, source.name, [], source.options),
    );
    return { made: net.apply(call.op, call.name, values, call.options) };
  });
  return layer.resized(shapes);
}

/** One of each width, the narrowest first. */
function ascending<T>(items: readonly T[], width: (item: T) => number): T[] {
  const first = new Map(items.toReversed().map((item) => [width(item), item]));
  return [...first.values()].sort((a, b) => width(a) - width(b));
}

/** Where and how times are taken. */
export interface Stopwatch extends Pick<LatencyTable, 'backend' | 'device' | 'computing' | 'batchSize'> {
  /** Milliseconds per image of a forward pass over `batchSize` random inputs. */
  time(network: Network): Promise<number>;
}

/**
 * Times `network` as a whole and every layer of it at several widths. What a pass over nothing takes is not a layer's;
 * more channels never take less time. `groups`: those that can lose units, unless given.
 */
export async function measureLatency(
  network: Network,
  { time, ...where }: Stopwatch,
  groups: readonly LooseGroup[] = looseGroups(network),
): Promise<LatencyTable> {
  const nothing = await time(defineNetwork('nothing', { x: [1] }, (net, { x }) => ({ y: net.relu(x) })));
  const layers: LayerTimes[] = [];
  const samples = layerSamples(network, groups);
  let milliseconds = Number.POSITIVE_INFINITY;
  for (const [s, { at, layer, reads, makes }] of samples.entries()) {
    // The whole now and then, so that no busy minute of the machine counts for all of it.
    if (s % Math.ceil(samples.length / WHOLES) === 0)
      milliseconds = Math.min(milliseconds, await time(network));
    const raw: number[][] = [];
    for (let i = 0; i < reads.length; i++) {
      const row: number[] = [];
      for (let j = 0; j < makes.length; j++) row.push(Math.max(0, (await time(at(i, j))) - nothing));
      raw.push(row);
    }
    layers.push({ layer, reads, makes, milliseconds: monotone(raw) });
  }
  return { ...where, milliseconds: Math.min(milliseconds, await time(network)), layers };
}

/** The mean of the largest matrix below and the smallest above that grow along rows and columns; both do so. */
function monotone(times: readonly (readonly number[])[]): number[][] {
  const over = times.map((row, i) =>
    row.map((_, j) => Math.max(...times.slice(0, i + 1).flatMap((r) => r.slice(0, j + 1)))),
  );
  const under = times.map((row, i) =>
    row.map((_, j) => Math.min(...times.slice(i).flatMap((r) => r.slice(j)))),
  );
  return times.map((row, i) => row.map((_, j) => (over[i]![j]! + under[i]![j]!) / 2));
}
