import type { Optimization } from '@ma-net/core';

/** How W is trained, and for how long; what happens to its connections is the method's part. */
export interface TrainingOptions extends Optimization {
  readonly seed: number;
  /** B: mini-batches in all. */
  readonly budget: number;
}
