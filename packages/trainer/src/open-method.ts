import { type Batch, MaNetError, type Method, type RunLength, type Task, type Training } from '@ma-net/core';
import { scalesOf } from './groups.ts';
import type { TrainingOptions } from './options.ts';

export interface OpenMethod<B extends Batch> {
  /** The task that is trained: the one given, or what the method made of it. */
  readonly task: Task<B>;
  readonly training: Training<B>;
}

/**
 * Opens a method for one run. Throws `bad-argument` for options that do not fit the task, and where the source does not
 * give the views that the method needs.
 */
export function openMethod<B extends Batch>(
  method: Method,
  given: Task<B>,
  { batchesPerEpoch, views = 1 }: Pick<RunLength, 'batchesPerEpoch'> & { readonly views?: number },
  options: TrainingOptions,
): OpenMethod<B> {
  const wanted = method.views ?? 1;
  if (views !== wanted) {
    throw new MaNetError('bad-argument', `The mini-batches hold ${views} views of a sample, not ${wanted}.`, {
      where: `method "${method.name}"`,
      hint: 'open the source with as many views as the method asks for.',
    });
  }
  const task = method.wrap?.(given) ?? given;
  scalesOf(task.network.parameters, options);
  return { task, training: method.open(task, { budget: options.budget, batchesPerEpoch }) };
}
