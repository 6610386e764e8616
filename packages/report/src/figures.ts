// Every figure of a report, by what it is called in links and files.

import { proportionInterval, summarise } from '@ma-net/metrics';
import { type Curve, curvesFigure } from './curves.ts';
import { gateHistograms, gatesFigure, kernelMapFigure } from './gates.ts';
import { layersFigure, roundsFigure } from './layers.ts';
import { type MethodRow, methodsFigure } from './methods.ts';
import type { RunRecord } from './record.ts';

export interface Figure {
  /** Letters, digits and hyphens. */
  readonly id: string;
  readonly section: 'learning' | 'left' | 'astrocytes' | 'methods';
  readonly svg: string;
}

/** All figures that the runs have numbers for; what is one run's is of the first seed of every group. */
export function reportFigures(runs: readonly RunRecord[]): readonly Figure[] {
  return [...learning(runs), ...left(runs), ...astrocytes(runs), ...methods(runs)];
}

function learning(runs: readonly RunRecord[]): Figure[] {
  const figures: Figure[] = [];
  const curves = (points: (run: RunRecord) => Curve['points'] | undefined): Curve[] =>
    runs.flatMap((run) => {
      const own = points(run) ?? [];
      if (own.length === 0) return [];
      return [{ group: run.group, name: seedOf(run), points: own, phases: run.phases }];
    });
  for (const [set, name] of pairs(runs, ({ measures }) => measures)) {
    figures.push({
      id: idOf('measure', set, name),
      section: 'learning',
      svg: curvesFigure(
        curves(({ measures }) => field(field(measures, set), name)),
        { title: `${name}, ${set} images`, y: name, percent: name !== 'loss' },
      ),
    });
  }
  const terms = [...new Set(runs.flatMap((run) => Object.keys(run.terms)))];
  for (const name of terms) {
    figures.push({
      id: idOf('term', name),
      section: 'learning',
      svg: curvesFigure(
        curves((run) => field(run.terms, name)),
        {
          title: name === 'loss' ? 'Training loss' : `Training: ${name}`,
          y: name,
          // A cheap measure of the mini-batch, as the measure of the whole set is written.
          percent:
            name !== 'loss' &&
            runs.some(({ measures }) => Object.values(measures).some((own) => Object.hasOwn(own, name))),
        },
      ),
    });
  }
  return figures;
}

function left(runs: readonly RunRecord[]): Figure[] {
  const section = 'left';
  const curves = runs.flatMap(({ group, kept, phases, ...run }) =>
    kept.length === 0 ? [] : [{ group, name: seedOf(run), points: kept, phases }],
  );
  const firsts = firstOfGroups(runs);
  const layers = firsts.flatMap(({ group, inside }) =>
    (inside?.layers ?? []).map((layer) => ({ ...layer, group })),
  );
  return [
    ...(curves.length === 0
      ? []
      : [
          {
            id: 'kept',
            section,
            svg: curvesFigure(curves, { title: 'Kept connections', y: 'kept', percent: true, held: true }),
          } as const,
        ]),
    ...(layers.length === 0 ? [] : [{ id: 'layers', section, svg: layersFigure(layers) } as const]),
    ...firsts.flatMap(({ group, rounds, channels }, i) => [
      ...(rounds === undefined
        ? []
        : [
            {
              id: idOf('rounds', String(i)),
              section,
              svg: roundsFigure(rounds, titled('Kept by round', group, firsts)),
            } as const,
          ]),
      ...(channels === undefined
        ? []
        : [
            {
              id: idOf('channels', String(i)),
              section,
              svg: roundsFigure(channels, titled('Channels read by round', group, firsts), 'channels'),
            } as const,
          ]),
    ]),
  ];
}

function astrocytes(runs: readonly RunRecord[]): Figure[] {
  const section = 'astrocytes';
  const firsts = firstOfGroups(runs);
  return firsts.flatMap(({ group, inside }, i) => {
    const gates = inside?.gates;
    if (gates === undefined || gates.length === 0) return [];
    return [
      {
        id: idOf('gates', String(i)),
        section,
        svg: gatesFigure(gateHistograms(gates), titled('Gates', group, firsts)),
      },
      {
        id: idOf('map', String(i)),
        section,
        svg: kernelMapFigure(gates, 4, titled('Most modulated', group, firsts)),
      },
    ] as const;
  });
}

function methods(runs: readonly RunRecord[]): Figure[] {
  const { measure, rows } = methodRows(runs);
  if (measure === undefined || rows.every(({ parameters }) => parameters === undefined)) return [];
  return [{ id: 'methods', section: 'methods', svg: methodsFigure(rows, { measure }) }];
}

/** A row for each group that has been measured on test images, by the measure that its runs are compared by. */
export function methodRows(runs: readonly RunRecord[]): {
  readonly measure: string | undefined;
  readonly rows: readonly MethodRow[];
} {
  const measure = runs.find(({ inside }) => inside !== undefined)?.inside?.headline ?? anyMeasure(runs);
  if (measure === undefined) return { measure, rows: [] };
  const groups = [...new Set(runs.map(({ group }) => group))];
  const rows = groups.flatMap((group) => {
    const own = runs.filter((run) => run.group === group);
    const values = own.flatMap((run) => lastTest(run, measure) ?? []);
    if (values.length === 0) return [];
    const over = (
      of: (inside: NonNullable<RunRecord['inside']>) => number | undefined,
    ): number | undefined => {
      const all = own.flatMap(({ inside }) => (inside === undefined ? [] : (of(inside) ?? [])));
      return all.length === 0 ? undefined : mean(all);
    };
    const [alive, parameters, macs, milliseconds] = [
      over((inside) => inside.alive),
      over((inside) => inside.parameters),
      over((inside) => inside.macs),
      over((inside) => inside.milliseconds),
    ];
    const interval = intervalOf(values, own[0]!);
    return [
      {
        group,
        runs: values.length,
        value: mean(values),
        ...interval,
        ...(alive === undefined ? {} : { alive }),
        ...(parameters === undefined ? {} : { parameters }),
        ...(macs === undefined ? {} : { macs }),
        ...(milliseconds === undefined ? {} : { milliseconds }),
      },
    ];
  });
  return { measure, rows };
}

/** Over seeds where there are several; of one run by the number of its test samples, where they are right or wrong. */
function intervalOf(values: readonly number[], { inside, samples }: RunRecord): Partial<MethodRow> {
  if (values.length > 1) {
    const { mean: middle, margin = 0 } = summarise(values);
    // A measure is a part of a whole; the interval of few seeds may be wider.
    return { interval: [Math.max(0, middle - margin), Math.min(1, middle + margin)], over: 'seeds' };
  }
  if (inside?.proportion !== true || samples === undefined || samples === 0) return {};
  return { interval: proportionInterval(values[0]!, samples), over: 'samples' };
}

function lastTest({ measures }: RunRecord, measure: string): number | undefined {
  return field(field(measures, 'test'), measure)?.at(-1)?.value;
}

/** The first measure of test images that any run has. */
function anyMeasure(runs: readonly RunRecord[]): string | undefined {
  return runs
    .flatMap(({ measures }) => Object.keys(field(measures, 'test') ?? {}))
    .find((name) => name !== 'loss');
}

/** Names may be those of what every object has. */
function field<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

function pairs(
  runs: readonly RunRecord[],
  of: (run: RunRecord) => Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): (readonly [string, string])[] {
  const all = runs.flatMap((run) =>
    Object.entries(of(run)).flatMap(([set, own]) => Object.keys(own).map((name) => [set, name] as const)),
  );
  return [...new Map(all.map((pair) => [JSON.stringify(pair), pair])).values()];
}

/** The run of the smallest seed of every group. */
export function firstOfGroups(runs: readonly RunRecord[]): RunRecord[] {
  const firsts = new Map<string, RunRecord>();
  for (const run of runs) {
    const first = firsts.get(run.group);
    if (first === undefined || (run.seed ?? Infinity) < (first.seed ?? Infinity)) firsts.set(run.group, run);
  }
  return [...firsts.values()];
}

const seedOf = ({ seed }: Pick<RunRecord, 'seed'>): string =>
  seed === undefined ? 'one run' : `seed ${seed}`;

function titled(title: string, group: string, firsts: readonly RunRecord[]): string {
  return firsts.length > 1 ? `${title}: ${group}` : title;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Safe in a link, in a file name, and in markup. */
function idOf(...words: readonly string[]): string {
  return words.map((word) => word.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 40)).join('-');
}
