import { ones, zeros } from '../init.ts';
import { layerNorm as normalise } from '../layers.ts';
import type { Op } from '../op.ts';
import { vectorFor } from '../shapes.ts';

export interface LayerNormOptions {
  readonly epsilon: number;
}

/** Layer normalisation over the last axis. It mixes its channels, so that none of them can ever be cut. */
export const layerNorm: Op<LayerNormOptions> = {
  kind: 'layerNorm',
  describe(on, name, [x]) {
    on.affine(`${name}.weight`, x!, ones);
    on.affine(`${name}.bias`, x!, zeros);
    on.pin(x!);
    return x!;
  },
  execute: (on, name, [x], { epsilon }) =>
    normalise(x!, vectorFor(on, `${name}.weight`, x!), on.param(`${name}.bias`), epsilon),
};
