import type { Optimization } from '@ma-net/core';
import type { Averaging } from './averages.ts';

/** How W is trained, and for how long; what happens to its connections is the method's part. */
export interface TrainingOptions extends Optimization {
  readonly seed: number;
  /** B: mini-batches in all. */
  readonly budget: number;
  /** Averages of W and its running statistics, which are then measured and exported; none unless given. */
  readonly ema?: Averaging;
}
