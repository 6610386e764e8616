// What a run measured by mini-batch: losses, accuracy, connections. Runs are laid over each other, seeds of a group
// together, and the phases of their trainings beneath.

import * as Plot from '@observablehq/plot';
import { figure, shortened } from './figure.ts';
import { boxKey, lineKey } from './legend.ts';
import { colour, phaseColour, seriesColour, seriesDash } from './theme.ts';

/** A number, measured at a mini-batch. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** Mini-batches that a method treats alike: from `from` to `to`, both counted from 1. */
export interface Phase {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
}

/** One run's. */
export interface Curve {
  /** What it has in common with runs of other seeds; a colour each. */
  readonly group: string;
  readonly name: string;
  readonly points: readonly Point[];
  readonly phases?: readonly Phase[];
}

export interface CurvesOptions {
  readonly title: string;
  /** What the numbers are, with their unit. */
  readonly y: string;
  /** Whether they are parts of one, written in per cent. */
  readonly percent?: boolean;
  /** Whether a number holds until the next. */
  readonly held?: boolean;
  /** Points of a curve at most: where there are more, each is the mean of its neighbours. */
  readonly most?: number;
}

const STRIP = 10;

/** Curves by mini-batch, as SVG. Where a group has several, each is thin and their mean is bold. */
export function curvesFigure(given: readonly Curve[], options: CurvesOptions): string {
  const curves = given.map((curve) => ({ ...curve, points: finite(curve.points) }));
  const { title, y, percent = false, held = false, most = 240 } = options;
  const groups = [...new Set(curves.map(({ group }) => group))];
  const span = Math.max(1, ...curves.map(lastOf));
  const thin = curves.map((curve) => ({
    ...curve,
    points: held ? changes(curve.points) : thinned(curve.points, span, most),
  }));
  const drawn = (points: readonly Point[]): readonly Point[] => (held ? points : interrupted(points));
  const strips = stripsOf(curves, groups);
  const kinds = [...new Set(strips.flatMap(({ phases }) => phases.map(({ kind }) => kind)))];
  const look = { x: 'step', y: 'value', ...(held ? { curve: 'step-after' as const } : {}) };
  const lines = groups.flatMap((group, g) => {
    const own = thin.filter((curve) => curve.group === group);
    const line = { ...look, stroke: seriesColour(g), strokeDasharray: seriesDash(g) };
    const each = own.map(({ points }) =>
      Plot.line(drawn(points), {
        ...line,
        strokeWidth: own.length > 1 ? 0.8 : 1.8,
        strokeOpacity: own.length > 1 ? 0.45 : 1,
      }),
    );
    // A line of one point is nothing to be seen.
    const dots = own.filter(({ points }) => points.length === 1);
    return [
      ...each,
      ...dots.map(({ points }) => Plot.dot(points, { x: 'step', y: 'value', fill: seriesColour(g), r: 3 })),
      ...(own.length > 1
        ? [Plot.line(drawn(meanOf(own.map(({ points }) => points))), { ...line, strokeWidth: 2.4 })]
        : []),
    ];
  });
  const below = strips.length * STRIP;
  return figure({
    title,
    about: describe(thin, groups, options),
    legend: [
      curves.length > 1
        ? groups.map((group, g) => lineKey(named(group, curves), seriesColour(g), seriesDash(g)))
        : [],
      kinds.map((kind, k) => boxKey(kind, phaseColour(k))),
    ],
    plot: {
      height: 236 + below,
      marginTop: 26,
      marginLeft: 50,
      marginRight: 14,
      marginBottom: 38 + below,
      x: {
        label: 'mini-batch',
        domain: [0, span],
        ticks: 5,
        tickSize: 0,
        tickPadding: 6 + below,
        labelOffset: 34 + below,
      },
      y: {
        label: percent ? `${y} (%)` : y,
        grid: true,
        ticks: 5,
        ...(percent ? { percent: true } : {}),
        ...aroundOne(thin, percent ? 100 : 1),
        nice: true,
      },
      marks: [
        Plot.frame({ anchor: 'bottom', stroke: colour('line') }),
        ...strips.flatMap((strip, row) => stripMarks(strip, row, kinds, strips.length > 1)),
        ...lines,
      ],
    },
  });
}

/** Room around values that are all the same: no axis has a length of 0. */
function aroundOne(curves: readonly Curve[], unit: number): { readonly domain?: readonly [number, number] } {
  const values = curves.flatMap(({ points }) => points.map(({ value }) => unit * value));
  const [first = 0] = values;
  if (values.some((value) => value !== first)) return {};
  const room = first === 0 ? 1 : Math.abs(first) / 20;
  return { domain: [first - room, first + room] };
}

interface Strip {
  readonly group: string;
  readonly phases: readonly Phase[];
}

/** The phases of each group that has any, once where several share them. */
function stripsOf(curves: readonly Curve[], groups: readonly string[]): Strip[] {
  const strips = groups.flatMap((group) => {
    const all = curves.filter((curve) => curve.group === group).map(({ phases = [] }) => phases);
    const [longest] = all.sort((a, b) => (b.at(-1)?.to ?? 0) - (a.at(-1)?.to ?? 0));
    const phases = merged(longest ?? []);
    return phases.length < 2 ? [] : [{ group, phases }];
  });
  const seen = new Map(strips.map((strip) => [JSON.stringify(strip.phases), strip]));
  return [...seen.values()];
}

/** Neighbours of one kind as one. */
function merged(phases: readonly Phase[]): Phase[] {
  const all: Phase[] = [];
  for (const phase of phases) {
    const last = all.at(-1);
    if (last?.kind === phase.kind && last.to + 1 >= phase.from)
      all[all.length - 1] = { ...last, to: phase.to };
    else all.push(phase);
  }
  return all;
}

/** Boxes just below the frame, a row for each strip. */
function stripMarks(
  { group, phases }: Strip,
  row: number,
  kinds: readonly string[],
  several: boolean,
): Plot.Markish[] {
  return kinds.map((kind, k) =>
    Plot.rect(
      phases.filter((phase) => phase.kind === kind),
      {
        x1: (phase: Phase) => phase.from - 1,
        x2: 'to',
        fill: phaseColour(k),
        // Below the frame, where no number of the axis is.
        render: (index, scales, values, dimensions, _, next) => {
          const drawn = next!(index, scales, values, dimensions, _) as unknown as {
            querySelectorAll(name: string): Iterable<{ setAttribute(name: string, value: string): void }>;
          };
          const top = dimensions.height - dimensions.marginBottom + 2 + row * STRIP;
          for (const box of drawn.querySelectorAll('rect')) {
            box.setAttribute('y', String(top));
            box.setAttribute('height', String(STRIP - 2));
          }
          return drawn as never;
        },
        title: (phase: Phase) =>
          `${several ? `${shortened(group)}: ` : ''}${phase.kind}, mini-batches ${phase.from} to ${phase.to}`,
      },
    ),
  );
}

/** The last mini-batch that there is anything to draw of. */
const lastOf = ({ points, phases = [] }: Curve): number =>
  Math.max(
    phases.at(-1)?.to ?? 0,
    points.reduce((last, { step }) => Math.max(last, step), 0),
  );

const finite = (points: readonly Point[]): Point[] =>
  points.filter(({ step, value }) => Number.isFinite(step) && Number.isFinite(value));

/** At most about `most` points over `span` mini-batches: means of neighbours, in bins that all curves share. */
export function thinned(points: readonly Point[], span: number, most: number): Point[] {
  if (points.length <= most) return [...points];
  const width = span / most;
  const bins = new Map<number, { count: number; steps: number; values: number }>();
  for (const { step, value } of points) {
    const bin = Math.min(most - 1, Math.floor((step - 1) / width));
    const own = bins.get(bin) ?? { count: 0, steps: 0, values: 0 };
    bins.set(bin, { count: own.count + 1, steps: own.steps + step, values: own.values + value });
  }
  return [...bins.values()].map(({ count, steps, values }) => ({
    step: Math.round((10 * steps) / count) / 10,
    value: values / count,
  }));
}

/** With a point of no value where nothing was measured for a while: a line over it would tell of numbers that are not. */
function interrupted(points: readonly Point[]): Point[] {
  const gaps = points.slice(1).map(({ step }, i) => step - points[i]!.step);
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  return points.flatMap((point, i) =>
    i > 0 && gaps[i - 1]! > 4 * usual ? [{ step: point.step, value: Number.NaN }, point] : [point],
  );
}

/** The first and the last point, and those where the number changes. */
function changes(points: readonly Point[]): Point[] {
  return points.filter(
    ({ value }, i) => i === 0 || i === points.length - 1 || value !== points[i - 1]!.value,
  );
}

/** Means at the mini-batches that all have. */
function meanOf(curves: readonly (readonly Point[])[]): Point[] {
  const [first = [], ...others] = curves;
  const rest = others.map((points) => new Map(points.map(({ step, value }) => [step, value])));
  return first.flatMap(({ step, value }) => {
    const values = [value, ...rest.flatMap((points) => points.get(step) ?? [])];
    if (values.length < curves.length) return [];
    return [{ step, value: values.reduce((a, b) => a + b, 0) / values.length }];
  });
}

function named(group: string, curves: readonly Curve[]): string {
  const runs = curves.filter((curve) => curve.group === group).length;
  return runs > 1 ? `${shortened(group, 36)} (${runs} runs)` : group;
}

/** The last numbers, for those who hear the figure. */
function describe(
  curves: readonly Curve[],
  groups: readonly string[],
  { y, percent = false }: CurvesOptions,
): string {
  const ends = groups.map((group) => {
    const last = curves.filter((c) => c.group === group).flatMap(({ points }) => points.at(-1)?.value ?? []);
    if (last.length === 0) return `${group}: nothing yet`;
    const mean = last.reduce((a, b) => a + b, 0) / last.length;
    const number = percent ? `${(100 * mean).toFixed(2)} %` : mean.toPrecision(4);
    return `${group}: ${number} at the end${last.length > 1 ? `, the mean of ${last.length} runs` : ''}`;
  });
  return `${y} by mini-batch. ${ends.join('; ')}.`;
}
