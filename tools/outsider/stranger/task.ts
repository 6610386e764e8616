// A task of one's own: which way the bar goes, by squared error, measured as the part that is right.

import type { Network, Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Bars } from './bars.ts';

export function direction(network: Network): Task<Bars, number> {
  return {
    name: 'stranger.direction',
    network,
    headline: { measure: 'right', better: 'larger' },
    inputs: ({ pictures }) => ({ images: pictures }),
    loss: ({ logits }, { answers }) => ({
      loss: tf.mean(tf.square(tf.sub(tf.softmax(logits!), answers))) as tf.Scalar,
    }),
    decode: ({ logits }) => argmaxes(logits!.data),
    meter() {
      let [right, seen] = [0, 0];
      return {
        add(predictions, { answers }) {
          const wanted = argmaxes(answers!.data);
          seen += predictions.length;
          right += predictions.filter((one, i) => one === wanted[i]).length;
        },
        result: () => ({ right: right / seen }),
      };
    },
  };
}

/** The larger column of each row of two. */
function argmaxes(data: ArrayLike<number>): number[] {
  return Array.from({ length: data.length / 2 }, (_, row) => (data[2 * row + 1]! > data[2 * row]! ? 1 : 0));
}
