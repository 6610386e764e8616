// The gradient of a task's loss. With a host decision between its halves a step is two graphs on one tape: what the
// forward half made is not computed twice.

import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import { MaNetError } from './errors.ts';
import { openTape, valueAndGrad } from './gradient.ts';
import type { ForwardContext } from './network.ts';
import { type Params, pick, readParams, uploadParams } from './params.ts';
import type { Task, Terms } from './task.ts';

/** What the network is run with, made of the tensors that are trained. */
export interface Forward<Aux extends tf.TensorContainer> {
  readonly params: Params;
  /** Terms that are added to the loss with a weight; those of weight 0 are only logged. */
  readonly penalties?: Readonly<Record<string, { readonly value: tf.Scalar; readonly weight: number }>>;
  /** Whatever else is to be kept. */
  readonly aux: Aux;
}

export interface Objective<B extends Batch, Aux extends tf.TensorContainer> {
  readonly task: Task<B>;
  readonly batch: B;
  readonly stats: Params;
  readonly ctx: ForwardContext;
  /** All tensors that the forward pass starts from, and the names of those that are differentiated. */
  readonly values: Params;
  readonly names: readonly string[];
  /** Runs under the tape. */
  forward(values: Params): Forward<Aux>;
}

export interface Backpropagated<Aux> {
  /** `loss` is what was differentiated; `data` the task's part of it, where there are penalties. */
  readonly terms: Terms;
  readonly grads: Record<string, tf.Tensor>;
  /** The next running statistics. */
  readonly stats: Params;
  readonly aux: Aux;
}

/** Loss, gradients and next statistics of a mini-batch. Borrows everything; the caller owns the result. */
export async function backpropagate<B extends Batch, Aux extends tf.TensorContainer>(
  objective: Objective<B, Aux>,
): Promise<Backpropagated<Aux>> {
  const { task, batch, values, names } = objective;
  if (task.assign !== undefined) return inTwoHalves(objective, task.assign);
  const { value, grads, aux } = valueAndGrad(
    (given) => {
      const made = runForward(objective, given);
      return lossOf(objective, made, batch);
    },
    values,
    names,
  );
  return { terms: { ...aux.terms, loss: value } as Terms, grads, stats: aux.stats, aux: aux.aux as Aux };
}

interface Made<Aux extends tf.TensorContainer> extends Forward<Aux> {
  readonly outputs: Readonly<Record<string, tf.Tensor>>;
  readonly stats: Params;
  /** How many inputs it was given. */
  readonly inputs: number;
}

function runForward<B extends Batch, Aux extends tf.TensorContainer>(
  { task, batch, stats, ctx, forward }: Objective<B, Aux>,
  values: Params,
): Made<Aux> {
  const made = forward(values);
  const inputs = task.inputs(batch);
  const result = task.network.forward(made.params, stats, inputs, ctx);
  return { ...made, outputs: result.outputs, stats: result.stats, inputs: Object.keys(inputs).length };
}

interface Kept<Aux> {
  readonly terms: Readonly<Record<string, tf.Scalar>>;
  readonly stats: Params;
  readonly aux: Aux;
}

function lossOf<B extends Batch, Aux extends tf.TensorContainer>(
  { task, ctx }: Objective<B, Aux>,
  { outputs, stats, penalties, aux }: Made<Aux>,
  batch: B,
): { value: tf.Scalar; aux: Kept<Aux> & tf.TensorContainerObject } {
  const { loss, ...terms } = task.loss(outputs, batch, ctx);
  let value = loss;
  for (const { value: penalty, weight } of Object.values(penalties ?? {}))
    if (weight !== 0) value = tf.add(value, tf.mul(penalty, weight));
  const logged = Object.entries(penalties ?? {}).map(([name, { value: v }]): [string, tf.Scalar] => [
    name,
    v,
  ]);
  const parts = penalties === undefined ? terms : { ...terms, data: loss, ...Object.fromEntries(logged) };
  return { value, aux: { terms: parts, stats, aux } as unknown as Kept<Aux> & tf.TensorContainerObject };
}

async function inTwoHalves<B extends Batch, Aux extends tf.TensorContainer>(
  objective: Objective<B, Aux>,
  assign: NonNullable<Task<B>['assign']>,
): Promise<Backpropagated<Aux>> {
  const { batch, values, names } = objective;
  const tape = openTape(() => runForward(objective, values), values, names);
  let decided: Record<string, tf.Tensor> = {};
  try {
    const read = await readParams(pick(tape.made.outputs, assign.outputs));
    const host = await assign.decide(read, batch, objective.ctx);
    refuseKnownNames(Object.keys(host), batch);
    decided = uploadParams(host);
    const whole = { ...batch, ...decided };
    const result = tape.finish((made) => lossOf(objective, lookAgain(objective, made, whole), whole));
    const { value, grads, aux } = result;
    return { terms: { ...aux.terms, loss: value } as Terms, grads, stats: aux.stats, aux: aux.aux as Aux };
  } finally {
    tape.dispose();
    tf.dispose(decided);
  }
}

/** What the network says once it has the inputs that were decided about; what it said before where there are none. */
function lookAgain<B extends Batch, Aux extends tf.TensorContainer>(
  { task, ctx }: Objective<B, Aux>,
  made: Made<Aux>,
  batch: B,
): Made<Aux> {
  const inputs = task.inputs(batch);
  if (Object.keys(inputs).length === made.inputs) return made;
  const { outputs, stats } = task.network.forward(
    made.params,
    made.stats,
    { ...inputs, ...made.outputs },
    ctx,
  );
  return { ...made, outputs, stats };
}

function refuseKnownNames(names: readonly string[], batch: Batch): void {
  const known = names.find((name) => Object.hasOwn(batch, name));
  if (known === undefined) return;
  throw new MaNetError('bad-argument', `The decision names "${known}", which the batch has already.`, {
    where: 'assign.decide',
    hint: 'give what is decided a name of its own.',
  });
}
