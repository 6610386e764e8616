// Methods against each other: how good each is, and what it costs.

import * as Plot from '@observablehq/plot';
import { escaped } from './escape.ts';
import { figure, shortened } from './figure.ts';
import { colour, seriesColour } from './theme.ts';

/** What was measured of the runs of a method; costs are means over them. */
export interface MethodRow {
  readonly group: string;
  readonly runs: number;
  /** The measure that methods are compared by. */
  readonly value: number;
  /** Its 95 % interval, from and to; absent where nothing says how wide it is. */
  readonly interval?: readonly [number, number];
  /** What the interval is over: runs of several seeds, or the samples of one test. */
  readonly over?: 'seeds' | 'samples';
  /** Parameters that are alive. */
  readonly alive?: number;
  /** Parameters stored: dead ones among them, where their channel lives. */
  readonly parameters?: number;
  /** Multiply-accumulates of a sample. */
  readonly macs?: number;
  /** Of a sample, on the machine of the report. */
  readonly milliseconds?: number;
}

export interface MethodsOptions {
  /** Name of the measure. */
  readonly measure: string;
  readonly title?: string;
  /** Where the times were measured. */
  readonly device?: string;
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const count = (value: number | undefined): string =>
  value === undefined ? '–' : Math.round(value).toLocaleString('en');

/** 1.5M, 20k. */
const compact = (value: number): string =>
  new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);

/** The table, as HTML: a row for each method. */
export function methodsTable(rows: readonly MethodRow[], { measure, device }: MethodsOptions): string {
  const overSeeds = rows.some(({ over }) => over === 'seeds');
  const overSamples = rows.some(({ over }) => over === 'samples');
  const head = [
    'method',
    'runs',
    measure,
    '95 % interval',
    'parameters alive',
    'stored',
    'MACs',
    'ms per image',
  ];
  const body = rows.map(({ group, runs, value, interval, over, alive, parameters, macs, milliseconds }) => [
    group,
    String(runs),
    percent(value),
    interval === undefined
      ? '–'
      : `${percent(interval[0])} to ${percent(interval[1])}${overSeeds && over === 'samples' ? ' *' : ''}`,
    count(alive),
    count(parameters),
    count(macs),
    milliseconds === undefined ? '–' : milliseconds.toPrecision(3),
  ]);
  const notes = [
    ...(overSeeds ? ['Intervals of the mean over seeds, by Student’s t.'] : []),
    ...(overSamples
      ? [
          `${overSeeds ? '* Of one run: ' : ''}Intervals by the number of test samples (Wilson); other seeds would differ more.`,
        ]
      : []),
    ...(device === undefined ? [] : [`Times of the network that is left, on ${device}.`]),
  ];
  const cell = (text: string, i: number): string =>
    i === 0 ? `<th scope="row">${escaped(text)}</th>` : `<td>${escaped(text)}</td>`;
  return [
    '<div class="wide" role="region" tabindex="0" aria-label="Methods"><table>',
    `<thead><tr>${head.map((text) => `<th scope="col">${escaped(text)}</th>`).join('')}</tr></thead>`,
    `<tbody>${body.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody>`,
    '</table></div>',
    ...(notes.length === 0 ? [] : [`<p class="note">${notes.map(escaped).join(' ')}</p>`]),
  ].join('\n');
}

/** The measure, with its interval, over the parameters that are stored, as SVG. */
export function methodsFigure(rows: readonly MethodRow[], { measure, title }: MethodsOptions): string {
  const drawn = rows.flatMap((row) =>
    row.parameters === undefined ? [] : [{ ...row, parameters: row.parameters }],
  );
  type Row = (typeof drawn)[number];
  const most = Math.max(...drawn.map(({ parameters }) => parameters));
  const index = (row: Row): number => rows.findIndex(({ group }) => group === row.group);
  return figure({
    title: title ?? `${measure} and size`,
    about: drawn
      .map(
        ({ group, value, parameters }) => `${group}: ${percent(value)} with ${count(parameters)} parameters`,
      )
      .join('; '),
    plot: {
      height: 250,
      marginLeft: 50,
      marginRight: 24,
      marginBottom: 38,
      x: {
        label: 'parameters stored',
        zero: true,
        ticks: 4,
        tickFormat: compact,
        labelOffset: 34,
        nice: true,
      },
      y: { label: `${measure} (%)`, percent: true, grid: true, ticks: 5, nice: true },
      marks: [
        Plot.frame({ anchor: 'bottom', stroke: colour('line') }),
        Plot.ruleX(
          drawn.filter(({ interval }) => interval !== undefined),
          {
            x: 'parameters',
            y1: (row: Row) => row.interval![0],
            y2: (row: Row) => row.interval![1],
            stroke: (row: Row) => seriesColour(index(row)),
            strokeWidth: 2,
          },
        ),
        Plot.dot(drawn, { x: 'parameters', y: 'value', r: 4, fill: (row: Row) => seriesColour(index(row)) }),
        ...([1, -1] as const).map((side) =>
          Plot.text(
            drawn.filter((row) => side === (row.parameters > most / 2 ? -1 : 1)),
            {
              x: 'parameters',
              y: 'value',
              text: (row: Row) => shortened(row.group, 24),
              dx: 9 * side,
              textAnchor: side === 1 ? 'start' : 'end',
              fill: 'currentColor',
              stroke: colour('paper'),
              strokeWidth: 3,
            },
          ),
        ),
      ],
    },
  });
}
