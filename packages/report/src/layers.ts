// What is left of every layer: at the end, by run; and round by round.

import * as Plot from '@observablehq/plot';
import { figure, FONT, shortened, WIDTH } from './figure.ts';
import { boxKey, type Key } from './legend.ts';
import { colour, LEVELS, scaleColour, scaleLevel, seriesColour } from './theme.ts';

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
  // In the order of the run that has most of them: a method may decide about some kernels only.
  const layersOf = groups.map((group) => rows.filter((row) => row.group === group).map(({ layer }) => layer));
  const layers = [...new Set(layersOf.sort((a, b) => b.length - a.length).flat())];
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

/** What every kernel kept at the decisions of a run, connections or channels. */
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

interface Stretch extends Left {
  readonly layer: string;
  /** Columns: from the first to before the last. */
  readonly x1: number;
  readonly x2: number;
  readonly title: string;
}

/** Kept connections by layer and round, as SVG: darker is more, and what keeps all or nothing has a level of its own. */
export function roundsFigure(
  { layers, decisions }: KeptRounds,
  title = 'Kept connections by layer and round',
  what = 'connections',
): string {
  const all = [...new Map(decisions.map((decision) => [decision.round, decision])).values()];
  const every = Math.ceil(all.length / COLUMNS);
  const shown = all.filter((_, i) => (all.length - 1 - i) % every === 0);
  const names = layers.map(({ layer }) => layer);
  const ticks = shown.flatMap((_, i) => (i % Math.ceil(shown.length / 10) === 0 ? [i + 0.5] : []));
  return figure({
    title,
    about: `Kept ${what} of ${layers.length} layers over ${all.length} rounds of decisions.`,
    legend: [scaleKeys('part kept')],
    plot: {
      height: 50 + ROW * names.length,
      marginLeft: marginOf(names),
      marginRight: 8,
      marginTop: 4,
      marginBottom: 38,
      x: {
        label: 'round',
        domain: [0, Math.max(1, shown.length)],
        ticks,
        tickFormat: (at: number) => String(shown[Math.floor(at)]?.round ?? ''),
        tickSize: 0,
        labelOffset: 34,
      },
      y: { label: null, domain: names, tickFormat: layerName, tickSize: 0, padding: 0.08 },
      marks: [
        Plot.barX(
          layers.flatMap((layer, i) => stretches(layer, i, shown, what)),
          {
            x1: 'x1',
            x2: 'x2',
            y: 'layer',
            fill: ({ kept, of }: Stretch) => scaleColour(of === 0 ? 1 : kept / of),
            title: 'title',
          },
        ),
      ],
    },
  });
}

/** Rounds in a row in which a layer has the same level. */
function stretches(
  { layer, of }: KeptRounds['layers'][number],
  i: number,
  shown: KeptRounds['decisions'],
  what: string,
): Stretch[] {
  const found: Stretch[] = [];
  const level = (kept: number): number => scaleLevel(of === 0 ? 1 : kept / of);
  for (let x1 = 0; x1 < shown.length; ) {
    const at = (x: number): number => shown[x]!.kept[i] ?? of;
    let x2 = x1 + 1;
    while (x2 < shown.length && level(at(x2)) === level(at(x1))) x2++;
    const [first, last] = [shown[x1]!.round, shown[x2 - 1]!.round];
    const when = first === last ? `round ${first}` : `rounds ${first} to ${last}`;
    const [from, to] = [at(x1), at(x2 - 1)].map((n) => n.toLocaleString('en')) as [string, string];
    const kept = from === to ? from : `${from} to ${to}`;
    const title = `${layer}, ${when}: ${kept} of ${of.toLocaleString('en')} ${what}`;
    found.push({ layer, of, kept: at(x1), x1, x2, title });
    x1 = x2;
  }
  return found;
}

/** What the levels of the scale say. */
export function scaleKeys(what: string, none = 'none', all = 'all'): Key[] {
  const between = Array.from({ length: LEVELS - 2 }, (_, i) => (i + 0.5) / (LEVELS - 2));
  return [
    boxKey(none, scaleColour(0)),
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
    boxKey(all, scaleColour(1)),
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
