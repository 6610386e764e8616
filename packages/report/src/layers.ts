// What is left of every layer: at the end, by run; and round by round.

import * as Plot from '@observablehq/plot';
import { boxKey, figure, FONT, type Key, shortened, WIDTH } from './figure.ts';
import { colour, LEVELS, scaleColour, seriesColour } from './theme.ts';

/** How many there are left, of how many. */
export interface Left {
  readonly kept: number;
  readonly of: number;
}

/** A layer of a run at its end. */
export interface LayerLeft {
  readonly group: string;
  readonly layer: string;
  readonly connections: Left;
  /** Of the coupling group that it writes: what compaction leaves of it. */
  readonly units?: Left;
}

const ROW = 17;

/** Parts of connections and of channels that are left, layer by layer, as SVG. Groups lie side by side. */
export function layersFigure(
  rows: readonly LayerLeft[],
  title = 'Kept connections and channels by layer',
): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const units = rows.flatMap((row) => (row.units === undefined ? [] : [{ ...row, units: row.units }]));
  const share = ({ kept, of }: Left): number => (of === 0 ? 1 : kept / of);
  const says = (what: string, { kept, of }: Left): string =>
    `${kept.toLocaleString('en')} of ${of.toLocaleString('en')} ${what}`;
  const fill = ({ group }: LayerLeft): string => seriesColour(groups.indexOf(group));
  const several = groups.length > 1;
  const dy = ({ group }: LayerLeft): number =>
    several ? (groups.indexOf(group) - (groups.length - 1) / 2) * Math.min(3, 9 / groups.length) : 0;
  return figure({
    title,
    about: `Parts of ${layers.length} layers that are left. ${groups.map((g) => summary(g, rows)).join('; ')}.`,
    legend: [
      several ? groups.map((group, g) => dotKey(group, seriesColour(g), true)) : [],
      [
        dotKey('connections', several ? colour('ink') : seriesColour(0), true),
        ...(units.length > 0 ? [dotKey('channels', several ? colour('ink') : seriesColour(0), false)] : []),
      ],
    ],
    plot: {
      height: 56 + ROW * layers.length,
      marginLeft: marginOf(layers),
      marginRight: 16,
      marginTop: 4,
      marginBottom: 38,
      x: { label: 'kept (%)', percent: true, domain: [0, 100], ticks: 5, labelOffset: 34 },
      y: { label: null, domain: layers, tickFormat: layerName, tickSize: 0 },
      marks: [
        Plot.gridX({ ticks: 5 }),
        Plot.ruleY(layers, { stroke: colour('line'), strokeOpacity: 0.6 }),
        ...groups.flatMap((group) => {
          const own = rows.filter((row) => row.group === group);
          const shift = { dy: own[0] === undefined ? 0 : dy(own[0]) };
          return [
            Plot.dot(
              units.filter((row) => row.group === group),
              {
                ...shift,
                x: (row: LayerLeft) => share(row.units!),
                y: 'layer',
                r: 4.5,
                stroke: own[0] === undefined ? colour('ink') : fill(own[0]),
                strokeWidth: 1.4,
                title: (row: LayerLeft) => `${row.group}, ${row.layer}: ${says('channels', row.units!)}`,
              },
            ),
            Plot.dot(own, {
              ...shift,
              x: (row: LayerLeft) => share(row.connections),
              y: 'layer',
              r: 2.6,
              fill,
              title: (row: LayerLeft) =>
                `${row.group}, ${row.layer}: ${says('connections', row.connections)}`,
            }),
          ];
        }),
      ],
    },
  });
}

function summary(group: string, rows: readonly LayerLeft[]): string {
  const own = rows.filter((row) => row.group === group);
  const sum = (of: (left: Left) => number): number =>
    own.reduce((all, { connections }) => all + of(connections), 0);
  const [kept, all] = [sum((left) => left.kept), sum((left) => left.of)];
  return `${group}: ${kept.toLocaleString('en')} of ${all.toLocaleString('en')} connections`;
}

function dotKey(name: string, stroke: string, full: boolean): Key {
  const look = full ? { fill: stroke, r: 3.2 } : { stroke, 'stroke-width': 1.6, r: 4.5 };
  return { name, mark: (draw) => draw('circle', { cx: 9, cy: 6, ...look }) };
}

/** What every kernel kept at the decisions of a run. */
export interface KeptRounds {
  readonly layers: readonly { readonly layer: string; readonly of: number }[];
  /** In order: the round of the decision, and how many connections each layer kept then. */
  readonly decisions: readonly {
    readonly round: number;
    readonly step: number;
    readonly kept: readonly number[];
  }[];
}

/** Columns at most: of more rounds than that, every second, third, ... is shown, and the last. */
const COLUMNS = 48;

/** Kept connections by layer and round, as SVG: darker is more, and what keeps all or nothing has a level of its own. */
export function roundsFigure(
  { layers, decisions }: KeptRounds,
  title = 'Kept connections by layer and round',
): string {
  const last = new Map(decisions.map((decision) => [decision.round, decision]));
  const all = [...last.values()];
  const every = Math.ceil(all.length / COLUMNS);
  const shown = all.filter((_, i) => (all.length - 1 - i) % every === 0);
  const cells = shown.flatMap(({ round, step, kept }) =>
    layers.map(({ layer, of }, i) => ({ round, step, layer, of, kept: kept[i] ?? of })),
  );
  type Cell = (typeof cells)[number];
  const names = layers.map(({ layer }) => layer);
  return figure({
    title,
    about: `${layers.length} layers over ${all.length} rounds in which connections were decided about.`,
    legend: [scaleKeys('part kept')],
    plot: {
      height: 50 + ROW * names.length,
      marginLeft: marginOf(names),
      marginRight: 8,
      marginTop: 4,
      marginBottom: 38,
      x: {
        type: 'band',
        label: 'round',
        tickSize: 0,
        labelOffset: 34,
        padding: 0.04,
        ticks: labelled(shown),
      },
      y: { label: null, domain: names, tickFormat: layerName, tickSize: 0, padding: 0.08 },
      marks: [
        Plot.axisX(labelled(shown), { tickSize: 0, label: 'round', labelOffset: 34 }),
        Plot.cell(cells, {
          x: 'round',
          y: 'layer',
          fill: ({ kept, of }: Cell) => scaleColour(of === 0 ? 1 : kept / of),
          title: ({ layer, round, step, kept, of }: Cell) =>
            `${layer}, round ${round} (mini-batch ${step}): ${kept.toLocaleString('en')} of ${of.toLocaleString('en')} connections`,
        }),
      ],
    },
  });
}

/** Rounds that have room for their number. */
function labelled(shown: readonly { readonly round: number }[]): number[] {
  const every = Math.ceil(shown.length / 10);
  return shown.filter((_, i) => i % every === 0).map(({ round }) => round);
}

/** What the levels of the scale say. */
export function scaleKeys(what: string): Key[] {
  const between = Array.from({ length: LEVELS - 2 }, (_, i) => (i + 0.5) / (LEVELS - 2));
  return [
    boxKey('none', scaleColour(0)),
    {
      name: what,
      width: 14 * between.length + 2,
      mark: (draw) =>
        draw(
          'g',
          {},
          ...between.map((part, i) =>
            draw('rect', { x: 2 + 14 * i, y: 0, width: 13, height: 12, fill: scaleColour(part) }),
          ),
        ),
    },
    boxKey('all', scaleColour(1)),
  ];
}

/** The name of a layer without what all of them have, short enough to stand beside a figure. */
export function layerName(layer: string): string {
  const name = layer.replace(/\.weight$/, '');
  const letters = [...name];
  return letters.length <= 22 ? shortened(name) : `…${shortened(letters.slice(-21).join(''))}`;
}

export function marginOf(layers: readonly string[]): number {
  const longest = Math.max(4, ...layers.map((layer) => [...layerName(layer)].length));
  return Math.min(WIDTH / 2.4, 14 + longest * FONT * 0.56);
}
