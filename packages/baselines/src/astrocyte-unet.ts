// One astrocyte for a whole network, our design where the paper says little (Han, Pan & Liu, CVPR 2023, "Boosting neural
// networks by an astrocyte network"): a UNet that reads the channels of every kernel and gates them, in iterations that share it.
//
// Suffixes: R kernels, L channels of the widest one rounded up to a multiple of 4, C features, O channels of one kernel.

import { MaNetError, type Params, param, type Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { countToKeep } from './largest.ts';

/** What the astrocyte reads of a channel: mean and root mean square of its weights under the gate, the gate, and whether it is. */
const FEATURES = 4;

export interface UnetOptions {
  /** Channels of the first level; each level below has twice as many. 139 makes 2,864,513 parameters. */
  readonly width: number;
}

/** Layers of the UNet: name, taps, what it reads, what it makes. */
function layersOf(width: number): readonly (readonly [string, number, number, number])[] {
  const [a, b, c] = [width, 2 * width, 4 * width];
  return [
    ['e1a', 3, FEATURES, a],
    ['e1b', 3, a, a],
    ['e2a', 3, a, b],
    ['e2b', 3, b, b],
    ['mida', 3, b, c],
    ['midb', 3, c, c],
    ['u2', 1, c, b],
    ['d2a', 3, c, b],
    ['d2b', 3, b, b],
    ['u1', 1, b, a],
    ['d1a', 3, b, a],
    ['d1b', 3, a, a],
    ['out', 1, a, 1],
  ];
}

/** Shapes of its parameters by name: `<layer>.kernel` [taps, in, out] and `<layer>.bias`. Throws `bad-argument` for no width. */
export function unetShapes({ width }: UnetOptions): Record<string, readonly number[]> {
  if (!Number.isInteger(width) || width < 1) {
    throw new MaNetError('bad-argument', `A UNet cannot be ${width} channels wide.`, {
      where: 'width',
      hint: 'give a whole number of at least 1; the paper has 2.88 M parameters, which are nearest at 139.',
    });
  }
  return Object.fromEntries(
    layersOf(width).flatMap(([name, taps, from, to]) => [
      [`${name}.kernel`, [taps, from, to]],
      [`${name}.bias`, [to]],
    ]),
  );
}

/** Where gates start: sigmoid(1 + 2), so that the network begins nearly as it is. */
const OPEN = 2;

/** Fresh parameters: normal with He's variance, but for the last layer, which says nothing yet. Owned by the caller. */
export function unetInit(options: UnetOptions, rng: Rng): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(unetShapes(options)).map(([name, shape]) => {
      if (name === 'out.bias') return [name, tf.fill([...shape], OPEN)];
      const [taps, from] = shape as [number, number];
      if (shape.length === 1 || name === 'out.kernel') return [name, tf.zeros([...shape])];
      const size = shape.reduce((x, y) => x * y, 1);
      return [name, tf.tensor(rng.split(name).normals(size, Math.sqrt(2 / (taps * from))), [...shape])];
    }),
  );
}

/** z [R, L] of a grid of features [R, L, 4]; the rows do not see each other. */
function unet(phi: Params, grid_RLC: tf.Tensor3D): tf.Tensor2D {
  const conv = (name: string, x: tf.Tensor3D): tf.Tensor3D => {
    const kernel = param(phi, `${name}.kernel`) as tf.Tensor3D;
    const [taps, from, to] = kernel.shape;
    const [rows, length] = x.shape;
    const read = taps === 1 ? x : tf.concat([shifted(x, -1), x, shifted(x, 1)], 2);
    const y = tf.matMul(
      tf.reshape(read, [rows * length, taps * from]) as tf.Tensor2D,
      tf.reshape(kernel, [taps * from, to]) as tf.Tensor2D,
    );
    return tf.reshape(tf.add(y, param(phi, `${name}.bias`)), [rows, length, to]);
  };
  const both = (level: string, x: tf.Tensor3D): tf.Tensor3D =>
    tf.relu(conv(`${level}b`, tf.relu(conv(`${level}a`, x))));
  const e1 = both('e1', grid_RLC);
  const e2 = both('e2', halved(e1));
  const mid = both('mid', halved(e2));
  const d2 = both('d2', tf.concat([e2, conv('u2', doubled(mid))], 2));
  const d1 = both('d1', tf.concat([e1, conv('u1', doubled(d2))], 2));
  return tf.squeeze(conv('out', d1), [2]) as tf.Tensor2D;
}

/** x at the position `by` further on; zeros beyond the ends. */
function shifted(x: tf.Tensor3D, by: -1 | 1): tf.Tensor3D {
  const [rows, length, channels] = x.shape;
  const edge = tf.zeros<tf.Rank.R3>([rows, 1, channels]);
  return by === 1
    ? tf.concat([tf.slice(x, [0, 1, 0], [rows, length - 1, channels]), edge], 1)
    : tf.concat([edge, tf.slice(x, [0, 0, 0], [rows, length - 1, channels])], 1);
}

/** The larger of every two neighbours; of equal ones the first has the gradient. */
function halved(x: tf.Tensor3D): tf.Tensor3D {
  const [rows, length, channels] = x.shape;
  const [first, second] = tf.split(tf.reshape(x, [rows, length / 2, 2, channels]), 2, 2) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const larger = tf.where(tf.greaterEqual(first, second), first, second);
  return tf.reshape(larger, [rows, length / 2, channels]);
}

function doubled(x: tf.Tensor3D): tf.Tensor3D {
  const [rows, length, channels] = x.shape;
  return tf.reshape(tf.tile(tf.reshape(x, [rows, length, 1, channels]), [1, 1, 2, 1]), [
    rows,
    2 * length,
    channels,
  ]);
}

export interface Gated {
  /** m, [O] of every kernel, by its name. */
  readonly gates: Record<string, tf.Tensor1D>;
  /** Of all channels. */
  readonly mean: tf.Scalar;
}

export interface GatingOptions {
  /** T: how often the same UNet is asked. */
  readonly iterations: number;
  /** tau: gates are sigmoids of what it says divided by this. */
  readonly temperature: number;
}

/**
 * Gates of all channels of `kernels`, [..., O] by name. Temporal regulation: the gates of an iteration are under the weights
 * that the next one reads, m(t) = sigmoid((f(t) + g(t)) / tau). Global connection: g(t) is the mean of all gates of the iteration
 * before. Differentiable in the kernels and in `phi`.
 */
export function astrocyteGates(
  kernels: Readonly<Record<string, tf.Tensor>>,
  phi: Params,
  { iterations, temperature }: GatingOptions,
): Gated {
  const names = Object.keys(kernels);
  const widths = names.map((name) => kernels[name]!.shape.at(-1)!);
  const length = 4 * Math.ceil(Math.max(...widths) / 4);
  const row = (values_O: tf.Tensor): tf.Tensor =>
    tf.reshape(tf.pad(values_O as tf.Tensor1D, [[0, length - values_O.shape[0]!]]), [1, length]);
  const grid = (of: (w: tf.Tensor) => tf.Tensor): tf.Tensor2D =>
    tf.concat(names.map((name) => row(of(kernels[name]!)))) as tf.Tensor2D;
  const inner = (w: tf.Tensor): number[] => w.shape.slice(0, -1).map((_, axis) => axis);
  const sizes_RL = grid((w) => tf.mean(tf.abs(w), inner(w)));
  const roots_RL = grid((w) => tf.sqrt(tf.add(tf.mean(tf.square(w), inner(w)), 1e-12)));
  const valid_RL = tf.tensor2d(
    widths.flatMap((width) => Array.from({ length }, (_, i) => Number(i < width))),
    [names.length, length],
  );
  const count = widths.reduce((a, b) => a + b, 0);
  const meanOf = (m_RL: tf.Tensor): tf.Scalar => tf.div(tf.sum(m_RL), count);
  let m_RL: tf.Tensor = valid_RL;
  for (let t = 0; t < iterations; t++) {
    const features = [tf.mul(sizes_RL, m_RL), tf.mul(roots_RL, m_RL), m_RL, valid_RL];
    const z_RL = unet(phi, tf.stack(features, -1) as tf.Tensor3D);
    m_RL = tf.mul(tf.sigmoid(tf.div(tf.add(z_RL, meanOf(m_RL)), temperature)), valid_RL);
  }
  const gates = names.map((name, r): [string, tf.Tensor1D] => [
    name,
    tf.reshape(tf.slice(m_RL, [r, 0], [1, widths[r]!]), [widths[r]!]) as tf.Tensor1D,
  ]);
  return { gates: Object.fromEntries(gates), mean: meanOf(m_RL) };
}

/** 1 for the `density` of the channels of one kernel whose gates are largest, at least one; of equal ones the first. */
export function openChannels(gates_O: ArrayLike<number>, density: number): Uint8Array {
  const keep = Math.max(1, countToKeep(gates_O.length, density));
  const order = Array.from(gates_O, (_, i) => i).sort((a, b) => gates_O[b]! - gates_O[a]! || a - b);
  const open = new Uint8Array(gates_O.length);
  for (const channel of order.slice(0, keep)) open[channel] = 1;
  return open;
}
