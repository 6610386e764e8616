// What astrocytes made of the connections: how strongly each is gated, by layer; and where the strongest are.

import * as Plot from '@observablehq/plot';
import { figure } from './figure.ts';
import { layerName, marginOf, scaleKeys } from './layers.ts';
import { colour, scaleColour, scaleLevel, seriesColour } from './theme.ts';

/** The gates of a kernel: what its connections are multiplied by, row-major [F, O]; 0 for one that is dead. */
export interface Gates {
  readonly layer: string;
  readonly pre: number;
  readonly post: number;
  readonly gates: ArrayLike<number>;
}

/** Gates of a layer in bins of equal width. */
export interface GateHistogram {
  readonly layer: string;
  /** Connections that are dead; they are in no bin. */
  readonly dead: number;
  readonly counts: readonly number[];
  /** Edges of the first and of the last bin, the same for all layers of a run. */
  readonly from: number;
  readonly to: number;
}

/** Counts the living gates of every kernel in `bins` bins that all kernels share. */
export function gateHistograms(kernels: readonly Gates[], bins = 32): GateHistogram[] {
  let [from, to] = [Infinity, -Infinity];
  for (const { gates } of kernels) {
    for (let i = 0; i < gates.length; i++) {
      const gate = gates[i]!;
      if (gate === 0 || !Number.isFinite(gate)) continue;
      from = Math.min(from, gate);
      to = Math.max(to, gate);
    }
  }
  if (from > to) [from, to] = [0, 1];
  // All alike: a bin of some width around it.
  if (from === to) [from, to] = [from - 0.05, to + 0.05];
  return kernels.map(({ layer, gates }) => {
    const counts = new Array<number>(bins).fill(0);
    let dead = 0;
    for (let i = 0; i < gates.length; i++) {
      const gate = gates[i]!;
      if (gate === 0 || !Number.isFinite(gate)) dead++;
      else counts[Math.min(bins - 1, Math.floor(((gate - from) / (to - from)) * bins))]!++;
    }
    return { layer, dead, counts, from, to };
  });
}

const ROW = 22;

/** Histograms of the gates of living connections, a row for each layer, each as high as its fullest bin, as SVG. */
export function gatesFigure(
  histograms: readonly GateHistogram[],
  title = 'Gates of living connections',
): string {
  const layers = histograms.map(({ layer }) => layer);
  const outlines = histograms.map(outlineOf);
  const [first] = histograms;
  const unmodulated = first !== undefined && first.from <= 1 && first.to >= 1;
  return figure({
    title,
    about: `By layer, how many connections are multiplied by how much. ${histograms
      .map(saysHistogram)
      .join('; ')}.`,
    plot: {
      height: 56 + ROW * layers.length,
      marginLeft: marginOf(layers),
      marginRight: 16,
      marginTop: 6,
      marginBottom: 38,
      x: {
        label: 'gate',
        domain: first === undefined ? [0, 1] : [first.from, first.to],
        ticks: 5,
        labelOffset: 34,
        nice: true,
      },
      y: { axis: null, domain: [1 - layers.length - 0.1, 1] },
      marks: [
        ...(unmodulated ? [Plot.ruleX([1], { stroke: colour('faint'), strokeDasharray: '2 3' })] : []),
        Plot.ruleY(
          layers.map((_, row) => -row),
          { stroke: colour('line') },
        ),
        ...outlines.map((outline, row) =>
          Plot.areaY(outline, {
            x: 'x',
            y1: -row,
            y2: ({ y }: (typeof outline)[number]) => y - row,
            curve: 'step-after',
            fill: seriesColour(0),
            title: () => saysHistogram(histograms[row]!),
          }),
        ),
        Plot.text(layers, {
          x: null,
          frameAnchor: 'left',
          y: (_: string, row: number) => -row + 0.3,
          dx: -8,
          textAnchor: 'end',
          text: (layer: string) => layerName(layer),
          fill: 'currentColor',
        }),
      ],
    },
  });
}

/** The outline of a histogram, its fullest bin 0.85 high. */
function outlineOf({ counts, from, to }: GateHistogram): { readonly x: number; readonly y: number }[] {
  const most = Math.max(1, ...counts);
  const width = (to - from) / counts.length;
  return [...counts, counts.at(-1) ?? 0].map((count, i) => ({
    x: from + i * width,
    y: (0.85 * count) / most,
  }));
}

function saysHistogram({ layer, counts, dead, from, to }: GateHistogram): string {
  const live = counts.reduce((a, b) => a + b, 0);
  const fullest = counts.indexOf(Math.max(...counts));
  const middle = from + ((fullest + 0.5) * (to - from)) / counts.length;
  return `${layer}: ${live.toLocaleString('en')} live, most around ${middle.toPrecision(2)}; ${dead.toLocaleString('en')} dead`;
}

/** How far the gates of a kernel are from leaving it as it is: the mean of |gate - 1| over all its connections. */
export function modulationOf({ gates }: Gates): number {
  let sum = 0;
  for (let i = 0; i < gates.length; i++) sum += Math.abs(gates[i]! - 1);
  return gates.length === 0 ? 0 : sum / gates.length;
}

/** Cells of a map along its longer side, at most: larger kernels are shown as means of neighbours. */
const CELLS = 40;
const SIDE = 190;

/**
 * The `most` kernels that are modulated most, as maps: a row for each pre-neuron, a column for each post-neuron, darker
 * where the gate is larger, as SVG.
 */
export function kernelMapFigure(
  kernels: readonly Gates[],
  most = 4,
  title = 'The most modulated kernels',
): string {
  const chosen = [...kernels].sort((a, b) => modulationOf(b) - modulationOf(a)).slice(0, most);
  const cells = chosen.map(pooled);
  const high = ({ height, width }: (typeof cells)[number]): number =>
    (SIDE * height) / Math.max(height, width);
  // A few gates are far larger than all others: the darkest level begins where 98 % are lighter.
  const largest = quantile(
    cells.flatMap(({ values }) => [...values].filter((value) => value > 0)),
    0.98,
  );
  // Two maps beside each other, below the higher of those before.
  const tops = [0];
  for (let i = 0; i < cells.length; i += 2)
    tops.push(tops.at(-1)! + 48 + Math.max(...cells.slice(i, i + 2).map(high)));
  const map = (kernel: Gates, at: number): Plot.Markish => {
    const [left, top] = [(at % 2) * (SIDE + 26), tops[Math.floor(at / 2)]! + 36];
    const { height, width, values } = cells[at]!;
    const cell = SIDE / Math.max(height, width);
    return (_index, _scales, _values, _dimensions, context) => {
      const { document } = context as unknown as {
        document: { createElementNS(ns: string, name: string): Element_ };
      };
      const element = (
        name: string,
        attributes: Readonly<Record<string, string | number>>,
        text?: string,
      ): Element_ => {
        const one = document.createElementNS('http://www.w3.org/2000/svg', name);
        for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, String(value));
        if (text !== undefined) one.append(text);
        return one;
      };
      const group = element('g', { transform: `translate(${left},${top})`, 'text-anchor': 'start' });
      const share = `${kernel.pre} × ${kernel.post}, ${modulationOf(kernel).toFixed(2)} from 1`;
      group.append(
        element('text', { y: -16, fill: 'currentColor', 'font-weight': 600 }, layerName(kernel.layer)),
        element('text', { y: -4, fill: colour('faint'), 'font-size': 10.5 }, share),
        ...paths(values, width, largest).map(([fill, d]) =>
          element('path', { fill, d, transform: `scale(${round(cell)})` }),
        ),
        element('rect', {
          width: round(width * cell),
          height: round(height * cell),
          stroke: colour('line'),
          fill: 'none',
        }),
      );
      return group as never;
    };
  };
  return figure({
    title,
    about: `Rows are pre-neurons, columns post-neurons. ${chosen
      .map((k) => `${k.layer}: gates are ${modulationOf(k).toFixed(3)} from 1 on average`)
      .join('; ')}.`,
    legend: [scaleKeys('larger gates', 'dead', `${largest.toPrecision(2)} and more`)],
    plot: { height: tops.at(-1)!, margin: 0, axis: null, marks: chosen.map(map) },
  });
}

/** The smallest of the values that `part` of them do not exceed; 1 where there are none. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 1;
}

interface Element_ {
  setAttribute(name: string, value: string): void;
  append(...children: (Element_ | string)[]): void;
}

/** Means over blocks of neighbours, at most `CELLS` along a side. */
function pooled({ pre, post, gates }: Gates): { height: number; width: number; values: Float64Array } {
  const block = Math.ceil(Math.max(pre, post) / CELLS);
  const [height, width] = [Math.ceil(pre / block), Math.ceil(post / block)];
  const values = new Float64Array(height * width);
  const counts = new Float64Array(height * width);
  for (let f = 0; f < pre; f++) {
    for (let o = 0; o < post; o++) {
      const cell = Math.floor(f / block) * width + Math.floor(o / block);
      values[cell]! += gates[f * post + o]!;
      counts[cell]!++;
    }
  }
  return { height, width, values: values.map((sum, i) => sum / counts[i]!) };
}

/** One path for each level, of runs of cells in a row. */
function paths(values: Float64Array, width: number, largest: number): [string, string][] {
  const level = (i: number): number => scaleLevel(values[i]! / largest);
  const drawn = new Map<number, { fill: string; d: string }>();
  for (let i = 0; i < values.length; ) {
    const [x, y] = [i % width, Math.floor(i / width)];
    let length = 1;
    while (x + length < width && level(i + length) === level(i)) length++;
    const one = drawn.get(level(i)) ?? { fill: scaleColour(values[i]! / largest), d: '' };
    one.d += `M${x} ${y}h${length}v1h-${length}z`;
    drawn.set(level(i), one);
    i += length;
  }
  return [...drawn.values()].map(({ fill, d }) => [fill, d]);
}

const round = (value: number): number => Math.round(1000 * value) / 1000;
