// Runs a traced program on tensors.

import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';
import type { ForwardContext, ForwardResult } from './network.ts';
import type { Weights } from './op.ts';
import { type Params, param } from './params.ts';
import { replay, type Trace } from './trace.ts';

/** The outputs of a trace and the next statistics. Borrows everything, owns its results. */
export function execute(
  trace: Trace,
  params: Params,
  stats: Params,
  inputs: readonly tf.Tensor[],
  ctx: ForwardContext,
): ForwardResult {
  return tf.tidy(() => {
    const next: Record<string, tf.Tensor> = { ...stats };
    const drawn = new Map<string, number>();
    const on: Weights = {
      ...ctx,
      param: (name) => param(params, name),
      statistic: (name) => param(next, name),
      move(name, value) {
        next[name] = value;
      },
      random(name) {
        if (ctx.rng === undefined) throw noRandomNumbers(name);
        const times = drawn.get(name) ?? 0;
        drawn.set(name, times + 1);
        return ctx.rng.split(name).split(times);
      },
    };
    const made = replay(trace, inputs, ({ op, name, options }, of) => op.execute(on, name, of, options));
    const borrowed = new Set([...inputs, ...Object.values(params)]);
    const outputs = Object.fromEntries(
      Object.entries(made).map(([name, x]) => [name, borrowed.has(x) ? x.clone() : x]),
    );
    return { outputs, stats: next };
  });
}

function noRandomNumbers(layer: string): MaNetError {
  return new MaNetError('bad-argument', 'A layer that drops at random was given no random numbers.', {
    where: `layer "${layer}"`,
    hint: 'pass rng in the context of a training pass, another for every mini-batch: { training: true, rng: rng.split(step) }.',
  });
}
