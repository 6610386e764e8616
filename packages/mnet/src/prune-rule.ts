// What decides that a connection is dead: the one definition of a rule, for code, recipes and files.

import { MaNetError } from '@ma-net/core';
import * as z from 'zod/mini';
import { type LatencyTable, latencyTable } from './latency-table.ts';

const part = z.number().check(z.gte(0), z.lt(1));
const delta = z.number().check(z.gte(0), z.lte(1));
// Above 1 a post-neuron could lose all its inputs.
const kappa = z.number().check(z.gt(0), z.lte(1));

/** Single connections go; how the thresholds are found. */
const connectionRule = z.discriminatedUnion('mode', [
  /** The paper's: a probability under `delta`, that is q < delta * F, capped at q < kappa. */
  z.strictObject({
    unit: z.optional(z.literal('connection')),
    mode: z.literal('delta'),
    /** A probability below it, or a score below that many times the mean, is death. */
    delta,
    /** No threshold is above it. */
    kappa,
  }),
  /** One threshold for all layers, at which this fraction of the modulated parameters goes. */
  z.strictObject({
    unit: z.optional(z.literal('connection')),
    mode: z.literal('target'),
    /** This part of the modulated parameters goes. */
    removeModulated: part,
  }),
]);

/** What stays of every group, however little it is worth. */
const floor = z.strictObject({
  /** At least this part of its units. */
  part: z.number().check(z.gte(0), z.lte(1)),
  /** And at least so many. */
  units: z.int().check(z.gte(0)),
});

const target = {
  mode: z.literal('target'),
  /** 0 removes in the order of the scores, 1 in the order of score per cost. */
  beta: z.number().check(z.gte(0)),
  /** What stays of every group, however little it is worth. */
  floor,
};
const sizeTarget = {
  ...target,
  /** rho: this part of the cost of the whole network goes, physically. */
  remove: part,
  /** What the cost is: numbers stored, multiply-accumulates, or the mean of both parts. */
  cost: z.enum(['params', 'macs', 'both']),
};
const timeTarget = {
  ...target,
  cost: z.literal('latency'),
  /** Time of an image on the machine where the table was measured. */
  milliseconds: z.number().check(z.gt(0)),
  /** Times of the layers. A rule without it means this machine, and is measured before a run starts. */
  table: z.optional(latencyTable),
};

/** Whole units of coupling groups go. */
const neuronRule = z.discriminatedUnion('mode', [
  z.discriminatedUnion('cost', [
    z.strictObject({ unit: z.literal('neuron'), ...sizeTarget }),
    z.strictObject({ unit: z.literal('neuron'), ...timeTarget }),
  ]),
  /** A unit dies where its score is below min(delta * n_g, kappa). */
  z.strictObject({
    unit: z.literal('neuron'),
    mode: z.literal('delta'),
    /** A probability below it, or a score below that many times the mean, is death. */
    delta,
    /** No threshold is above it. */
    kappa,
    /** What stays of every group, however little it is worth. */
    floor,
  }),
]);

/** Units go, and connections inside those that live: this fraction of the modulated parameters that are left. */
const bothRule = z.discriminatedUnion('cost', [
  z.strictObject({
    unit: z.literal('both'),
    ...sizeTarget,
    /** This part of the modulated parameters goes. */
    removeModulated: part,
  }),
  z.strictObject({
    unit: z.literal('both'),
    ...timeTarget,
    /** This part of the modulated parameters goes. */
    removeModulated: part,
  }),
]);

/** What goes, and how that is decided. */
export const pruneRule = z.discriminatedUnion('unit', [connectionRule, neuronRule, bothRule]);

export type PruneRule = Readonly<z.infer<typeof pruneRule>>;
export type ConnectionRule = Readonly<z.infer<typeof connectionRule>>;
/** A rule that lets whole units go. */
export type UnitRule = Readonly<z.infer<typeof neuronRule> | z.infer<typeof bothRule>>;
/** A rule that says how small the network has to become. */
export type UnitTargetRule = Extract<UnitRule, { readonly mode: 'target' }>;

/** A rule that says how fast. */
export type TimeRule = Extract<UnitTargetRule, { readonly cost: 'latency' }>;

/** Half of the network, by parameters, unit by unit: the defaults of the neuron level. */
export const NEURON_LEVEL = {
  unit: 'neuron',
  mode: 'target',
  remove: 0.5,
  cost: 'params',
  beta: 0,
  floor: { part: 0.1, units: 4 },
} as const satisfies UnitRule;

/** Whether whole units go. */
export function letsUnitsGo(rule: PruneRule): rule is UnitRule {
  return rule.unit === 'neuron' || rule.unit === 'both';
}

/**
 * The largest part that a rule asks to remove; undefined where thresholds are fixed. Throws `bad-argument` for a time
 * without a table of what takes how long.
 */
export function targetOf(rule: PruneRule): number | undefined {
  if (rule.mode === 'delta') return undefined;
  if (!letsUnitsGo(rule)) return rule.removeModulated;
  if (rule.cost !== 'latency') return rule.remove;
  return Math.max(0, 1 - rule.milliseconds / tableOf(rule).milliseconds);
}

/** The times that a rule counts by. Throws `bad-argument` where nothing was measured yet. */
export function tableOf({ table, milliseconds }: TimeRule): LatencyTable {
  if (table !== undefined) return table;
  throw new MaNetError('bad-argument', `Nothing was measured yet to reach ${milliseconds} ms by.`, {
    where: 'pruning rule',
    hint: 'put a table of latencies into the rule: measureLatency makes one.',
  });
}

/** The rule with its targets at another size, as they are while they grow. */
export function withTargets(rule: PruneRule, at: (target: number) => number): PruneRule {
  if (rule.mode === 'delta') return rule;
  if (!letsUnitsGo(rule)) return { ...rule, removeModulated: at(rule.removeModulated) };
  const connections = rule.unit === 'both' ? { removeModulated: at(rule.removeModulated) } : {};
  if (rule.cost !== 'latency') return { ...rule, ...connections, remove: at(rule.remove) } as UnitTargetRule;
  const milliseconds = tableOf(rule).milliseconds * (1 - at(targetOf(rule)!));
  return { ...rule, ...connections, milliseconds } as UnitTargetRule;
}

/** kappa of section 12. */
export const DEFAULT_KAPPA = 0.5;

/** Checks a rule; throws `bad-argument` with what is wrong about it. */
export function parsePruneRule(value: unknown): PruneRule {
  const result = pruneRule.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const input =
    issue?.code === 'invalid_union'
      ? (issue.input as Record<PropertyKey, unknown> | null)?.[issue.path.at(-1) ?? '']
      : issue?.input;
  const found = input === undefined ? '' : `, found ${JSON.stringify(input)}`;
  throw new MaNetError(
    'bad-argument',
    `${issue?.path.join('.') || 'The rule'}: ${expectation(issue)}${found}.`,
    {
      where: 'pruning rule',
      hint: 'the paper uses { mode: "delta", delta: 1e-3, kappa: 0.5 }; { mode: "target", removeModulated: 0.5 } removes half of the modulated parameters.',
    },
  );
}

/** What a rule does, in one phrase. */
export function describeRule(rule: PruneRule): string {
  if (rule.unit !== 'neuron' && rule.unit !== 'both') {
    return rule.mode === 'delta'
      ? `connections with q < min(${rule.delta} F, ${rule.kappa}) go`
      : `at most ${percent(rule.removeModulated)} of the modulated parameters go`;
  }
  if (rule.mode === 'delta') return `units with a score below min(${rule.delta} n, ${rule.kappa}) go`;
  const units =
    rule.cost === 'latency'
      ? `units go until an image takes ${milliseconds(rule.milliseconds)}${rule.table === undefined ? '' : ` of ${milliseconds(rule.table.milliseconds)}`}`
      : `units go until ${percent(rule.remove)} of ${COSTS[rule.cost]} are gone`;
  return rule.unit === 'both'
    ? `${units}, and at most ${percent(rule.removeModulated)} of the modulated parameters that are left`
    : units;
}

const COSTS = {
  params: 'all parameters',
  macs: 'all multiply-accumulates',
  both: 'parameters and multiply-accumulates, on average,',
} as const;

function milliseconds(time: number): string {
  return `${Number(time.toPrecision(3))} ms`;
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toFixed(2))} %`;
}

/** What a schema expected where it found an issue, in words. */
export function expectation(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'too_small')
    return `expected a number ${issue.inclusive === true ? 'of at least' : 'above'} ${issue.minimum}`;
  if (issue?.code === 'too_big')
    return `expected a number ${issue.inclusive === true ? 'of at most' : 'below'} ${issue.maximum}`;
  if (issue?.code === 'invalid_type')
    return `expected a ${issue.expected === 'int' ? 'whole number' : issue.expected}`;
  if (issue?.code === 'unrecognized_keys') return `no field "${issue.keys.join('", "')}" is known`;
  if (issue?.path.at(-1) === 'unit') return 'expected "connection", "neuron" or "both"';
  if (issue?.path.at(-1) === 'cost') return 'expected "params", "macs", "both" or "latency"';
  if (issue?.code === 'invalid_value')
    return `expected ${issue.values.map((v) => JSON.stringify(v)).join(' or ')}`;
  return 'expected the mode "delta" or "target"';
}
