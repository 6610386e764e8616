// A layer of one's own: a factor for every channel, trained. Channels pass through it, so what it belongs to may be cut.

import { type Op, ones } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** x times `<name>.gain`, channel by channel. */
export const gain: Op<null> = {
  kind: 'stranger.gain',
  describe(on, name, [x]) {
    on.affine(`${name}.gain`, x!, ones);
    return x!;
  },
  execute: (on, name, [x]) => tf.mul(x!, on.param(`${name}.gain`)),
};
