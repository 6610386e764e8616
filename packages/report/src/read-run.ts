// What the files of a run tell without its recipe being opened: nothing of it is imported, started, or trusted.

import { openRunDirectory, type MetricLine, type RunDirectory } from '@ma-net/run/node';
import { z } from 'zod';
import type { Phase, Point } from './curves.ts';
import type { KeptRounds } from './layers.ts';
import type { RunRecord } from './record.ts';

/** A run with the name of its group, which the others beside it decide about. */
export interface ReadRun {
  readonly directory: RunDirectory;
  readonly record: RunRecord;
}

/** Reads a run directory. Throws `not-found` and `bad-file` as opening it does; what else is amiss is noted. */
export function readRun(path: string): ReadRun {
  const directory = openRunDirectory(path);
  const recipe = recipeSchema.safeParse(directory.recipe).data ?? {};
  const facts = factsSchema.safeParse(directory.facts).data ?? {};
  const lines = directory.metrics();
  const damaged = directory.damagedMetrics();
  const method = recipe.method?.use ?? 'unknown method';
  const record: RunRecord = {
    path,
    name: recipe.name ?? 'unnamed',
    group: shortName(method),
    seed: recipe.seed,
    ...curvesOf(lines),
    phases: phasesOf(lines),
    ...perRound('rounds', lines, facts.network?.kernels),
    ...perRound('channels', lines, facts.network?.kernels),
    facts: factsOf(directory, lines),
    recipe: JSON.stringify(directory.recipe, null, 2),
    command: commandOf(facts),
    ...(facts.data?.['test']?.samples === undefined ? {} : { samples: facts.data['test'].samples }),
    notes: damaged === 0 ? [] : [`${damaged} lines of metrics.jsonl are damaged and left out.`],
  };
  return { directory, record };
}

/** Runs under the names of their groups: those that differ in nothing but their seed share one. */
export function grouped(runs: readonly ReadRun[]): RunRecord[] {
  const keys = runs.map(({ directory }) => keyOf(directory.recipe));
  const names = new Set(runs.map(({ record }) => record.name));
  const groups = new Map<string, string>();
  for (const [i, { record }] of runs.entries()) {
    const key = keys[i]!;
    if (groups.has(key)) continue;
    const taken = [...groups.values()];
    const own = names.size > 1 ? `${record.name}, ${record.group}` : record.group;
    let name = own;
    // Recipes of one name and method that differ all the same.
    for (let n = 2; taken.includes(name); n++) name = `${own} (${n})`;
    groups.set(key, name);
  }
  return runs.map(({ record }, i) => ({ ...record, group: groups.get(keys[i]!)! }));
}

/** A recipe without its seed, and without the folder that its data happened to be in. */
function keyOf(recipe: unknown): string {
  const { seed: _, data, ...rest } = recipe as { seed?: unknown; data?: { path?: unknown } };
  const { path: __, ...data_ } = data ?? {};
  return JSON.stringify({ ...rest, data: data_ });
}

const count = z.int().min(0);
const kernels = z.array(z.looseObject({ param: z.string(), preNeurons: count, postNeurons: count }));

const recipeSchema = z.looseObject({
  name: z.string().optional().catch(undefined),
  seed: z.int().optional().catch(undefined),
  method: z.looseObject({ use: z.string() }).optional().catch(undefined),
});

const text = z.string().optional().catch(undefined);

const factsSchema = z.looseObject({
  versions: z.record(z.string(), z.string()).optional().catch(undefined),
  machine: text,
  backend: text,
  device: text,
  started: text,
  computing: z
    .looseObject({ threads: z.int().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  network: z
    .looseObject({
      name: text,
      parameters: count.optional().catch(undefined),
      kernels: kernels.optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  data: z
    .record(z.string(), z.looseObject({ samples: count.optional().catch(undefined), fingerprint: text }))
    .optional()
    .catch(undefined),
  resumed: z
    .array(z.looseObject({ step: count.optional().catch(undefined) }))
    .optional()
    .catch(undefined),
});

type Facts = z.output<typeof factsSchema>;

function curvesOf(lines: readonly MetricLine[]): Pick<RunRecord, 'terms' | 'measures' | 'kept'> {
  const terms: Record<string, Point[]> = Object.create(null) as Record<string, Point[]>;
  const measures: Record<string, Record<string, Point[]>> = Object.create(null) as Record<
    string,
    Record<string, Point[]>
  >;
  const kept: Point[] = [];
  const add = (to: Record<string, Point[]>, name: string, step: number, value: unknown): void => {
    if (typeof value === 'number' && Number.isFinite(value)) (to[name] ??= []).push({ step, value });
  };
  for (const line of lines) {
    const { type, step } = line;
    if (type === 'step') {
      add(terms, 'loss', step, line['loss']);
      for (const [name, value] of entries(line['terms'])) if (name !== 'loss') add(terms, name, step, value);
    } else if (type === 'evaluation') {
      // Earlier versions measured the test images alone, and did not say so.
      const set = line['set'] === 'validation' ? 'validation' : 'test';
      const own = (measures[set] ??= Object.create(null) as Record<string, Point[]>);
      for (const [name, value] of entries(line['measures'])) add(own, name, step, value);
    } else if (type === 'masks') {
      const [alive, all] = [line['kept'], line['connections']];
      if (typeof alive === 'number' && typeof all === 'number' && all > 0)
        kept.push({ step, value: alive / all });
    }
  }
  const last = lines.reduce((most, { step }) => Math.max(most, step), 0);
  // It lasts until the end.
  if (kept.length > 0 && kept.at(-1)!.step < last) kept.push({ step: last, value: kept.at(-1)!.value });
  return { terms, measures, kept };
}

const roundSchema = z.looseObject({ index: count, kind: z.string(), start: count, length: count });

function phasesOf(lines: readonly MetricLine[]): Phase[] {
  const last = lines.reduce((most, { type, step }) => (type === 'step' ? Math.max(most, step) : most), 0);
  return lines.flatMap((line) => {
    const round = line.type === 'round' ? roundSchema.safeParse(line['round']).data : undefined;
    if (round === undefined || round.start >= last) return [];
    return [{ kind: round.kind, from: round.start + 1, to: Math.min(last, round.start + round.length) }];
  });
}

const keptSchema = z.array(count);

/** Numbers of every kernel at every decision: connections that it kept, or channels that it still reads. */
function perRound(
  what: 'rounds' | 'channels',
  lines: readonly MetricLine[],
  all: z.output<typeof kernels> | undefined,
): Pick<RunRecord, 'rounds' | 'channels'> {
  if (all === undefined) return {};
  const layers = all.map(({ param, preNeurons, postNeurons }) => ({
    layer: param,
    of: what === 'rounds' ? preNeurons * postNeurons : preNeurons,
  }));
  const field = what === 'rounds' ? 'keptByKernel' : 'channelsByKernel';
  const decisions: { round: number; step: number; kept: readonly number[] }[] = [];
  let round = 0;
  for (const line of lines) {
    if (line.type === 'round') round = roundSchema.safeParse(line['round']).data?.index ?? round;
    if (line.type !== 'masks') continue;
    const kept = keptSchema.safeParse(line[field]).data;
    if (kept?.length === all.length) decisions.push({ round, step: line.step, kept });
  }
  const told =
    what === 'rounds'
      ? decisions.length > 0
      : decisions.some(({ kept }) => kept.some((n, i) => n < layers[i]!.of));
  return told ? { [what]: { layers, decisions } satisfies KeptRounds } : {};
}

/** What people ask about a run first. */
function factsOf({ facts: raw }: RunDirectory, lines: readonly MetricLine[]): RunRecord['facts'] {
  const facts = factsSchema.safeParse(raw).data ?? {};
  const steps = lines.filter(({ type }) => type === 'step');
  const seconds = steps.reduce((sum, { seconds: took }) => sum + (typeof took === 'number' ? took : 0), 0);
  const end = lines.findLast(({ type }) => type === 'end');
  const rows: [string, string | undefined][] = [
    ['network', facts.network?.name === undefined ? undefined : named(facts.network)],
    ...Object.entries(facts.data ?? {}).map(([split, { samples, fingerprint }]): [string, string] => [
      `${split} data`,
      `${samples?.toLocaleString('en') ?? 'unknown'} samples${fingerprint === undefined ? '' : `, ${fingerprint.slice(0, 16)}`}`,
    ]),
    [
      'versions',
      Object.entries(facts.versions ?? {})
        .map((pair) => pair.join(' '))
        .join(', ') || undefined,
    ],
    ['machine', facts.machine],
    [
      'backend',
      facts.backend === undefined ? undefined : `${facts.backend}: ${facts.device ?? 'unknown device'}`,
    ],
    ['started', facts.started],
    ['resumed', facts.resumed === undefined ? undefined : `${facts.resumed.length} times`],
    [
      'trained',
      `${steps.length.toLocaleString('en')} mini-batches in ${Math.round(seconds).toLocaleString('en')} s${end === undefined ? ', not ended yet' : ''}`,
    ],
  ];
  return rows.flatMap(([name, words]) => (words === undefined ? [] : [[name, words] as const]));
}

const named = ({
  name,
  parameters,
}: {
  name?: string | undefined;
  parameters?: number | undefined;
}): string => `${name}${parameters === undefined ? '' : `, ${parameters.toLocaleString('en')} parameters`}`;

function commandOf({ backend, computing }: Facts): string {
  const on = backend === undefined ? '' : ` --backend ${quoted(backend)}`;
  const threads = computing?.threads === undefined ? '' : ` --threads ${computing.threads}`;
  return `manet train --recipe recipe.json${on}${threads}`;
}

/** A word for a shell, whatever a file says it is. */
const quoted = (word: string): string =>
  /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];

const shortName = (use: string): string => use.slice(use.indexOf('#') + 1);
