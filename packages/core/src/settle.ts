// A network whose training is over: it is asked many times with the same weights.

import * as tf from '@tensorflow/tfjs-core';
import { backendHere, type Prepared } from './backend.ts';
import type { ForwardContext, Network } from './network.ts';
import type { Params } from './params.ts';

/** A network with its weights. */
export interface Weighed {
  readonly network: Network;
  readonly params: Params;
  readonly stats: Params;
}

export interface Settled extends Weighed {
  /** Frees what was made ready; the weights stay with whoever owns them. */
  release(): void;
}

/** Batches of more shapes than this are computed as they come: the weights are copied for each. */
const MOST_SHAPES = 4;

/**
 * The network with `forward` made ready for these weights, where the backend can: faster, above all on few images at once,
 * once the first batch of a shape has been compiled. Sums are taken in another order. Borrows the tensors. Another pass than
 * one of evaluation with these weights, or one under a gradient, is made as ever.
 */
export async function settle({ network, params, stats }: Weighed): Promise<Settled> {
  const backend = backendHere();
  if (backend?.prepare === undefined) return { network, params, stats, release: () => undefined };
  // Weights that are not computed yet cannot be built in.
  await backend.sync();
  const ready = new Map<string, Prepared | undefined>();
  const find = (inputs: Params): Prepared | undefined => {
    const key = Object.entries(inputs)
      .map(([name, { shape, dtype }]) => `${name} ${dtype} ${shape.join()}`)
      .join('; ');
    if (ready.has(key) || ready.size >= MOST_SHAPES) return ready.get(key);
    const made = backend.prepare!(
      (given) => network.forward(params, stats, given, EVALUATION).outputs,
      inputs,
    );
    ready.set(key, made);
    return made;
  };
  const forward: Network['forward'] = (ownParams, ownStats, inputs, ctx) => {
    const ours = ownParams === params && ownStats === stats && isEvaluation(ctx) && !tf.engine().isTapeOn();
    const found = ours ? find(inputs) : undefined;
    if (found === undefined) return network.forward(ownParams, ownStats, inputs, ctx);
    return { outputs: found.run(inputs), stats };
  };
  return {
    network: { ...network, forward },
    params,
    stats,
    release() {
      for (const prepared of ready.values()) prepared?.release();
      ready.clear();
    },
  };
}

const EVALUATION = { training: false };

/** Nothing but what an evaluation is told. */
const isEvaluation = (ctx: ForwardContext): boolean => !ctx.training && Object.keys(ctx).length === 1;
