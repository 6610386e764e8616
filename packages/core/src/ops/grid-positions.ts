import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from '../errors.ts';
import type { Op } from '../op.ts';
import { imageOf, text } from '../shapes.ts';

export interface GridPositionsOptions {
  /** Rows, and columns, that have a place in the tables. */
  readonly most: number;
}

/**
 * An image [B, H, W, D] plus what is learned of its rows and columns: `<name>.row` and `<name>.column`, [most, D / 2]
 * each, fill the first and the second half of the channels. No channel can go: the halves would move.
 */
export const gridPositions: Op<GridPositionsOptions> = {
  kind: 'gridPositions',
  describe(on, name, [x], { most }) {
    const [height, width, channels] = imageOf(on, x!);
    on.whole('most', most, 1);
    if (channels % 2 !== 0 || Math.max(height, width) > most) {
      on.refuse(
        `Tables of ${most} rows and columns do not fit ${text(x!.shape)}.`,
        `use an even number of channels, and at most ${most} positions along each side.`,
      );
    }
    on.pin(x!);
    for (const table of ['row', 'column']) {
      on.declare({
        name: `${name}.${table}`,
        kind: 'embedding',
        shape: [most, channels / 2],
        init: { kind: 'truncated-normal', std: 0.02 },
        positions: 0,
      });
    }
    return x!;
  },
  execute(on, name, [x]) {
    const [, height, width, channels] = x!.shape as [number, number, number, number];
    const half = channels / 2;
    const table = (part: string, places: number): tf.Tensor => {
      const learned = on.param(`${name}.${part}`);
      if (learned.shape[0]! >= places) return tf.slice(learned, [0, 0], [places, half]);
      throw new MaNetError(
        'shape-mismatch',
        `Images of this size need ${places} places, but "${name}.${part}" is ${text(learned.shape)}.`,
        { where: `layer "${name}"`, hint: 'use smaller images.' },
      );
    };
    const rows = tf.tile(tf.reshape(table('row', height), [1, height, 1, half]), [1, 1, width, 1]);
    const columns = tf.tile(tf.reshape(table('column', width), [1, 1, width, half]), [1, height, 1, 1]);
    return tf.add(x!, tf.concat([rows, columns], -1));
  },
};
