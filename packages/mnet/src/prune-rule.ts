// What decides that a connection is dead: the one definition of a rule, for code, recipes and files.

import { MaNetError } from '@ma-net/core';
import * as z from 'zod/mini';

/** How the thresholds are found. */
export const pruneRule = z.discriminatedUnion('mode', [
  /** The paper's: a probability under `delta`, that is q < delta * F, capped at q < kappa. */
  z.strictObject({
    mode: z.literal('delta'),
    delta: z.number().check(z.gte(0), z.lte(1)),
    // Above 1 a post-neuron could lose all its inputs.
    kappa: z.number().check(z.gt(0), z.lte(1)),
  }),
  /** One threshold for all layers, at which this fraction of the modulated parameters goes. */
  z.strictObject({ mode: z.literal('target'), removeModulated: z.number().check(z.gte(0), z.lt(1)) }),
]);

export type PruneRule = Readonly<z.infer<typeof pruneRule>>;

/** kappa of section 12. */
export const DEFAULT_KAPPA = 0.5;

/** Checks a rule; throws `bad-argument` with what is wrong about it. */
export function parsePruneRule(value: unknown): PruneRule {
  const result = pruneRule.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const found = issue?.input === undefined ? '' : `, found ${JSON.stringify(issue.input)}`;
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
  return rule.mode === 'delta'
    ? `connections with q < min(${rule.delta} F, ${rule.kappa}) go`
    : `at most ${Number((100 * rule.removeModulated).toFixed(2))} % of the modulated parameters go`;
}

function expectation(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'too_small')
    return `expected a number ${issue.inclusive === true ? 'of at least' : 'above'} ${issue.minimum}`;
  if (issue?.code === 'too_big')
    return `expected a number ${issue.inclusive === true ? 'of at most' : 'below'} ${issue.maximum}`;
  if (issue?.code === 'invalid_type') return `expected a ${issue.expected}`;
  if (issue?.code === 'unrecognized_keys') return `no field "${issue.keys.join('", "')}" is known`;
  return 'expected the mode "delta" or "target"';
}
