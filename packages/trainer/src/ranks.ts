// What a rank does differently from a run of one: it takes its part of every mini-batch, and averages with the others.

import {
  type Batch,
  globalNorm,
  MaNetError,
  type Params,
  type Ranks,
  type Step,
  type StepRanks,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { TrainingState } from './state.ts';

/** The ranks that a run shares its mini-batches with, and how. */
export interface Sharing {
  readonly ranks: Ranks;
  /** Batch normalisation with the moments of whole mini-batches; of this rank's part unless given. */
  readonly syncBatchNorm?: boolean;
}

/** The ranks as a step sees them. */
export const inStep = ({ ranks, syncBatchNorm = false }: Sharing): StepRanks => ({
  size: ranks.size,
  mean: (x) => ranks.meanInStep(x),
  syncBatchNorm,
});

/**
 * This rank's rows of a mini-batch, of every view the same ones; takes the batch over. All ranks together have the rows
 * of the batch, in their order. Throws `bad-argument` where the rows cannot be shared equally.
 */
export function ownPart<B extends Batch>(batch: B, { rank, size }: Ranks, views = 1): B {
  const part = tf.tidy(() => {
    const own = Object.entries(batch).map(([name, tensor]) => {
      const [rows = 0, ...rest] = tensor.shape;
      const each = rows / (views * size);
      if (rows === 0 || !Number.isInteger(each)) {
        throw new MaNetError(
          'bad-argument',
          `A mini-batch of ${rows / views} samples cannot be shared equally by ${size} ranks.`,
          { where: name, hint: `take a batch size that ${size} divides, or another number of ranks.` },
        );
      }
      const byView = tf.reshape(tensor, [views, size, each, ...rest]);
      const mine = tf.slice(byView, [0, rank], [views, 1]);
      return [name, tf.reshape(mine, [views * each, ...rest])] as const;
    });
    return Object.fromEntries(own) as tf.TensorContainerObject;
  });
  tf.dispose(batch as tf.TensorContainerObject);
  return part as unknown as B;
}

/**
 * A step of the whole mini-batch from the steps of the ranks: gradients, running statistics and terms are averaged, as
 * part of what is being computed. `asked`: whether somebody asked this rank to stop; `stop` is more than 0 where anybody was.
 * Takes the step over.
 */
export async function averaged(
  step: Step,
  ranks: Ranks,
  asked: boolean,
): Promise<{ readonly step: Step; readonly stop: tf.Scalar }> {
  const { grads, stats, terms, replaced } = step;
  const parts: Record<string, Params> = { stats, terms };
  for (const [section, own] of Object.entries(grads)) parts[`grads/${section}`] = own;
  const packed: Record<string, tf.Tensor> = { stop: tf.scalar(asked ? 1 : 0) };
  for (const [part, tensors] of Object.entries(parts))
    for (const [name, tensor] of Object.entries(tensors)) packed[`${part}:${name}`] = tensor;
  const means = await ranks.mean(packed);
  // From here on nobody but the ranks has them.
  tf.dispose(packed);
  const of = (part: string): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.keys(parts[part]!).map((name) => [name, means[`${part}:${name}`]!]));
  return {
    stop: means['stop'] as tf.Scalar,
    step: {
      terms: of('terms') as Record<string, tf.Scalar>,
      stats: of('stats'),
      grads: Object.fromEntries(Object.keys(grads).map((section) => [section, of(`grads/${section}`)])),
      ...(replaced === undefined ? {} : { replaced }),
    },
  };
}

/** Throws `bad-data` on every rank where their weights are not the same: each then trains a network of its own. */
export async function refuseDifferentWeights({ sections, step }: TrainingState, ranks: Ranks): Promise<void> {
  const norm = tf.tidy(() => globalNorm(sections.params));
  const [value] = await norm.data();
  norm.dispose();
  const found = await ranks.gather(String(value));
  const other = found.findIndex((text) => text !== found[0]);
  if (other === -1) return;
  throw new MaNetError(
    'bad-data',
    `After mini-batch ${step} rank ${other} has other weights than rank 0: their norms are ${found[other]!} and ${found[0]!}.`,
    {
      where: `rank ${other}`,
      hint: 'run all ranks on machines of one kind, with the same versions of everything.',
    },
  );
}
