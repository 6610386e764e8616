import { softmax as shares } from '../attention.ts';
import type { Op } from '../op.ts';

/** Shares over the last axis, which add up to 1. Every share needs all channels, so that none of them can be cut. */
export const softmax: Op<null> = {
  kind: 'softmax',
  describe(on, _, [x]) {
    on.pin(x!);
    return x!;
  },
  execute: (_, __, [x]) => shares(x!),
};
