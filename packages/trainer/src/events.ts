import type { MaskChange, Round } from '@ma-net/core';

/**
 * What a run tells whoever listens; everything is plain numbers, read back already. `step` counts mini-batches from 1
 * and names the one that an event belongs to: a round begins with it, masks are decided for it, a loss is of it, and
 * measures and checkpoints are made right after it. At the start, and only there, it is the last one done: 0 in a new run.
 */
export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly budget: number;
      readonly rounds: readonly Round[];
      /** What the options ask for and this run cannot reach. */
      readonly warnings: readonly string[];
    }
  | { readonly type: 'round'; readonly step: number; readonly round: Round }
  | ({ readonly type: 'masks'; readonly step: number } & MaskChange)
  | {
      readonly type: 'step';
      readonly step: number;
      readonly round: Round;
      readonly loss: number;
      /** Every other term of the loss, and cheap measures of the batch. */
      readonly terms: Readonly<Record<string, number>>;
      /** Global norm of the gradient before clipping, by section; `params` is W. */
      readonly norms: Readonly<Record<string, number>>;
      /** Of W. */
      readonly learningRate: number;
      /** Wall-clock time of this mini-batch. */
      readonly seconds: number;
    }
  | {
      readonly type: 'evaluation';
      readonly step: number;
      readonly set: EvaluatedSet;
      readonly measures: Readonly<Record<string, number>>;
    }
  | { readonly type: 'checkpoint'; readonly step: number }
  | { readonly type: 'end'; readonly step: number; readonly reason: 'budget' | 'interrupted' };

/** What was measured on: images that are held out to choose by, or those that nothing is chosen on. */
export type EvaluatedSet = 'validation' | 'test';

export type Listener = (event: TrainingEvent) => void | Promise<void>;
