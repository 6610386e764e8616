// How a trained network is fine-tuned while half of it goes.

import type { DataFacts, Network } from '@ma-net/core';
import { photos } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import type { PruneRule } from '@ma-net/mnet';
import { defineRecipe, type Recipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';

export interface FineTuning {
  /** What is to go, unit by unit. */
  readonly rule: PruneRule;
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
}

/**
 * What fine-tuning changes in any recipe: a third of the epochs let the network settle on its data, then units go, all
 * of them before half of what is left has passed, so that the rest heals what they left.
 */
export function fineTuning({ rule, epochs, batchSize, seed }: FineTuning) {
  return {
    seed,
    epochs,
    batchSize,
    method: maNet({
      prune: rule,
      select: { outputs: true },
      plainRounds: Math.floor(epochs / 3),
      ramp: 0.45,
      // However short the run, the last decision is made when all that was asked for may go.
      maskEvery: 'iteration',
      freeze: 0.6,
    }),
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 1e-4 },
    schedule: { name: 'cosine', warmup: 0 },
    evaluateEvery: 0.5,
  } as const satisfies Partial<Recipe>;
}

export interface PhotoChoices {
  /** Folder of one's own images. */
  readonly folder: string;
  /** Side of the square images that the network sees. */
  readonly size: Network['inputs'][number]['shape'][number];
  /** What the network was trained with; ImageNet's unless given. */
  readonly input?: DataFacts['input'];
  /** Whether a part of them is held out to choose by; else the training images choose, and measure where there are no others. */
  readonly heldOut?: boolean;
}

/** Photographs of one's own, a tenth of them held out unless told otherwise. Small images are taken whole, and cropped mildly. */
export function ownPhotos({ folder, size, input, heldOut = true }: PhotoChoices) {
  const small = size < 128;
  return photos({
    path: folder,
    size,
    ...(heldOut ? { validation: 0.1 } : { measureOnTraining: true }),
    crop: small ? 1 : 0.875,
    ...(input === undefined ? {} : { normalisation: { mean: [...input.mean], std: [...input.std] } }),
    augment: { resizedCrop: { scale: [small ? 0.7 : 0.35, 1] } },
  });
}

/** Fine-tunes a network of the zoo, from its weights, on photographs of one's own. */
export function shrinkRecipe(
  network: { readonly name: string; readonly weights: string },
  chosen: PhotoChoices,
  tuning: FineTuning,
): Recipe {
  return defineRecipe(() => ({
    name: `shrink-${network.name}`,
    about: `${network.name}, fine-tuned on photographs of one's own while whole units go`,
    network: zoo(network),
    data: ownPhotos(chosen),
    task: classification({}),
    ...fineTuning(tuning),
  }))() as Recipe;
}
