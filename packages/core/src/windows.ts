// Square windows of an image, and which of their positions may see each other (Liu et al. 2021, section 3.2).
//
// Suffixes: B batch, H height, W width, C channels, V windows of all images, N positions of a window.

import * as tf from '@tensorflow/tfjs-core';

/**
 * Cuts images into windows, row by row, after moving them up and left by `shift`: [V, N, C]. An axis that a
 * single window covers is not moved.
 */
export function toWindows(x_BHWC: tf.Tensor4D, window: number, shift: number): tf.Tensor3D {
  const [batch, height, width, channels] = x_BHWC.shape;
  const [rows, columns] = [height / window, width / window];
  const [up, left] = [moveOf(height, window, shift), moveOf(width, window, shift)];
  const moved = roll(roll(x_BHWC, 1, up), 2, left);
  // Rank four is enough when the columns of a window travel with their channels.
  const strips = tf.reshape(moved, [batch * rows, window, columns, window * channels]);
  return tf.reshape(tf.transpose(strips, [0, 2, 1, 3]), [batch * rows * columns, window * window, channels]);
}

/** The inverse of `toWindows`. */
export function fromWindows(
  x_VNC: tf.Tensor3D,
  [height, width]: readonly [number, number],
  window: number,
  shift: number,
): tf.Tensor4D {
  const channels = x_VNC.shape[2];
  const [rows, columns] = [height / window, width / window];
  const batch = x_VNC.shape[0] / (rows * columns);
  const strips = tf.reshape(x_VNC, [batch * rows, columns, window, window * channels]);
  const x_BHWC: tf.Tensor4D = tf.reshape(tf.transpose(strips, [0, 2, 1, 3]), [
    batch,
    height,
    width,
    channels,
  ]);
  const [up, left] = [moveOf(height, window, shift), moveOf(width, window, shift)];
  return roll(roll(x_BHWC, 1, height - up), 2, width - left);
}

/** A single window has nothing to shift. */
function moveOf(size: number, window: number, shift: number): number {
  return size > window ? shift : 0;
}

/** Moves everything by `by` towards the start of an axis; what falls off comes back at its end. */
function roll(x_BHWC: tf.Tensor4D, axis: 1 | 2, by: number): tf.Tensor4D {
  const size = x_BHWC.shape[axis];
  if (by % size === 0) return x_BHWC;
  const [head, tail] = tf.split(x_BHWC, [by, size - by], axis);
  return tf.concat([tail as tf.Tensor4D, head as tf.Tensor4D], axis);
}

/** For each pair of positions of a window, (dy + w - 1)(2w - 1) + dx + w - 1: the row of the bias table. */
export function relativePositions(window: number): Int32Array {
  const count = window * window;
  const side = 2 * window - 1;
  return Int32Array.from({ length: count * count }, (_, pair) => {
    const [from, to] = [Math.floor(pair / count), pair % count];
    const dy = Math.floor(from / window) - Math.floor(to / window);
    const dx = (from % window) - (to % window);
    return (dy + window - 1) * side + dx + window - 1;
  });
}

/**
 * For each window of an image and each pair of its positions, [windows, N, N] row by row: 0 where the two are neighbours
 * in the image, -100 where they met by wrapping around. To be added to the scores of shifted windows.
 */
export function shiftMask(height: number, width: number, window: number, shift: number): Float32Array {
  // After the move, the last `shift` rows come from the top edge, and the rest of their windows does not.
  const part = (at: number, size: number): number =>
    at < size - window ? 0 : at < size - moveOf(size, window, shift) ? 1 : 2;
  const columns = width / window;
  const count = window * window;
  const mask = new Float32Array((height / window) * columns * count * count);
  for (let pair = 0; pair < mask.length; pair++) {
    const area = Math.floor(pair / (count * count));
    const region = (position: number): number => {
      const y = Math.floor(area / columns) * window + Math.floor(position / window);
      const x = (area % columns) * window + (position % window);
      return 3 * part(y, height) + part(x, width);
    };
    if (region(Math.floor(pair / count) % count) !== region(pair % count)) mask[pair] = -100;
  }
  return mask;
}
