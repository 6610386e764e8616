// Convolutions whose taps lie apart (Yu & Koltun 2016), of any stride and with gradients: tfjs has neither.
//
// Suffixes: B batch, H height, W width, I inputs, O outputs, C channels, T taps.

import * as tf from '@tensorflow/tfjs-core';

export interface Dilated {
  readonly stride: number;
  /** Zeros on every side. */
  readonly pad: number;
  /** Positions from one tap to the next. */
  readonly dilation: number;
}

/** What a kind of convolution does. Strides are 1. */
interface Kind {
  convolve(x: tf.Tensor4D, kernel: tf.Tensor4D, pad: number, dilation: number): tf.Tensor4D;
  /** The kernel that carries a gradient back. */
  mirrored(kernel: tf.Tensor4D): tf.Tensor4D;
  /** The gradient of one tap, which met the positions of `x` while `dy` was made. */
  tap(x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor;
}

const full: Kind = {
  convolve: (x_BHWI, kernel_HWIO, pad, dilation) =>
    tf.conv2d(x_BHWI, kernel_HWIO, 1, pad, 'NHWC', [dilation, dilation]),
  mirrored: (kernel_HWIO) => tf.transpose(tf.reverse(kernel_HWIO, [0, 1]), [0, 1, 3, 2]),
  tap: (x_BHWI, dy_BHWO) =>
    tf.matMul(
      tf.reshape(x_BHWI, [-1, x_BHWI.shape[3]]),
      tf.reshape(dy_BHWO, [-1, dy_BHWO.shape[3]]),
      true,
      false,
    ),
};

const depthwise: Kind = {
  convolve: (x_BHWC, kernel_HWC1, pad, dilation) =>
    tf.depthwiseConv2d(x_BHWC, kernel_HWC1, 1, pad, 'NHWC', [dilation, dilation]),
  mirrored: (kernel_HWC1) => tf.reverse(kernel_HWC1, [0, 1]),
  tap: (x_BHWC, dy_BHWC) => tf.sum(tf.mul(x_BHWC, dy_BHWC), [0, 1, 2]),
};

/** Convolution with a kernel [kh, kw, I, O]. */
export const dilatedConv = (x_BHWI: tf.Tensor4D, kernel_HWIO: tf.Tensor4D, how: Dilated): tf.Tensor4D =>
  tf.tidy(() => strided(full, x_BHWI, kernel_HWIO, how));

/** Convolution of every channel by itself, with a kernel [kh, kw, C, 1]. */
export const dilatedDepthwiseConv = (
  x_BHWC: tf.Tensor4D,
  kernel_HWC1: tf.Tensor4D,
  how: Dilated,
): tf.Tensor4D => tf.tidy(() => strided(depthwise, x_BHWC, kernel_HWC1, how));

function strided(kind: Kind, x: tf.Tensor4D, kernel: tf.Tensor4D, how: Dilated): tf.Tensor4D {
  const { stride, pad, dilation } = how;
  const common = commonDivisor(stride, dilation);
  if (common > 1) {
    // Every tap of every window lies on one grid: what lies between its positions is read by none.
    const grid = everyNth(padded(x, pad), common);
    return strided(kind, grid, kernel, { stride: stride / common, pad: 0, dilation: dilation / common });
  }
  return stride === 1
    ? withGradient(kind, x, kernel, pad, dilation)
    : everyNth(withGradient(kind, x, kernel, pad, dilation), stride);
}

/** Where y is x convolved with k, dx is dy convolved with the mirrored k, and dk of a tap is x, as far as it met the tap, times dy. */
function withGradient(
  kind: Kind,
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  pad: number,
  dilation: number,
): tf.Tensor4D {
  const [height, width] = kernel.shape;
  const reach = [(height - 1) * dilation, (width - 1) * dilation] as const;
  // Windows that hold nothing but padding have no place in what goes back.
  const beyond = Math.max(0, pad - Math.min(...reach));
  const op = tf.customGrad((...args: unknown[]) => {
    const [from, k, save] = args as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([from, k]);
    return {
      value: kind.convolve(from, k, pad - beyond, dilation),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [read, weights] = saved as [tf.Tensor4D, tf.Tensor4D];
        const back = padded(dy as tf.Tensor4D, reach[0] - pad + beyond, reach[1] - pad + beyond);
        const wide = padded(read, pad - beyond);
        const [batch, rows, columns] = dy.shape as [number, number, number];
        const taps = Array.from({ length: height * width }, (_, t) => {
          const begin = [0, Math.floor(t / width) * dilation, (t % width) * dilation, 0];
          return kind.tap(tf.slice(wide, begin, [batch, rows, columns, -1]), dy as tf.Tensor4D);
        });
        return [
          kind.convolve(back, kind.mirrored(weights), 0, dilation),
          tf.reshape(tf.stack(taps), weights.shape),
        ];
      },
    };
  });
  return op(padded(x, beyond), kernel) as tf.Tensor4D;
}

function padded(x: tf.Tensor4D, rows: number, columns = rows): tf.Tensor4D {
  if (rows === 0 && columns === 0) return x;
  return tf.pad(x, [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ]);
}

/** Rows and columns 0, n, 2 n, ...: means of one position each. */
const everyNth = (x: tf.Tensor4D, n: number): tf.Tensor4D => tf.avgPool(x, 1, n, 0);

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
