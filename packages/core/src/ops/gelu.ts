import { gelu as gaussian } from '../layers.ts';
import type { Op } from '../op.ts';

/** x Phi(x), with the exact normal distribution function. */
export const gelu: Op<null> = {
  kind: 'gelu',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => gaussian(x!),
};
