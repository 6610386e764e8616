// Layers of tokens as TensorFlow operations; what each computes is said in core's `attention.ts` and `windows.ts`.
//
// Suffixes: B batch, V windows of one image, A heads, N tokens of an image or a window, P relative positions.

import { type Net, relativePositions, shiftMask } from '@ma-net/core';
import { flag, type Graph, type Value } from './graph.ts';
import type { Tensors } from './tensors.ts';

type TokenLayers = Pick<
  Net<Value>,
  | 'layerNorm'
  | 'embedding'
  | 'tokens'
  | 'grid'
  | 'prepend'
  | 'takeTokens'
  | 'attention'
  | 'windowAttention'
  | 'mergePatches'
>;

export function tokenLayers(g: Graph, tensors: Tensors): TokenLayers {
  const weight = (name: string): Value => g.constant(name, () => tensors.get(name));

  return {
    layerNorm(name, x, { epsilon }) {
      const one = [...x.shape.slice(0, -1), 1];
      const mean = (v: Value): Value =>
        g.op('Mean', [v, g.integers([x.shape.length - 1])], one, { attr: { keep_dims: flag(true) } });
      const centred = g.op('Sub', [x, mean(x)], x.shape);
      const variance = mean(g.op('Mul', [centred, centred], x.shape));
      const inverse = g.op('Rsqrt', [g.op('AddV2', [variance, g.number(epsilon)], one)], one);
      const normal = g.op('Mul', [centred, inverse], x.shape);
      const scaled = g.op('Mul', [normal, weight(`${name}.weight`)], x.shape, { name: `${name}/scaled` });
      return g.op('AddV2', [scaled, weight(`${name}.bias`)], x.shape, { name });
    },

    embedding: weight,
    tokens: (x) => g.reshape(x, [-1, x.shape[1]! * x.shape[2]!, x.shape[3]!]),
    grid: (x, height, width) => g.reshape(x, [-1, height, width, x.shape[2]!]),

    // Added to zeros of the batch's size, `first` is there once for every image.
    prepend(first, x) {
      const token = g.slice(x, 1, 0, 1);
      const zeros = g.op('ZerosLike', [token], token.shape);
      const repeated = g.op('AddV2', [zeros, first], [-1, first.shape[1]!, first.shape[2]!]);
      return g.concat([repeated, x], 1);
    },

    takeTokens: (x, start, count) => g.slice(x, 1, start, count),
    attention: (q, k, v, { headDim }) => attention(g, q, k, v, headDim),

    windowAttention(name, q, k, v, { headDim, window, shift = 0 }) {
      const [, height, width, channels] = q.shape as readonly [number, number, number, number];
      // An axis that a single window covers is not moved.
      const [up, left] = [height, width].map((size) => (size > window ? shift : 0)) as [number, number];
      const [rows, columns] = [height / window, width / window];
      const heads = channels / headDim;
      const area = window * window;
      const relative_ANN = relativeBias(g, tensors, name, window);
      const cut = (x: Value): Value => {
        const depth = x.shape[3]!;
        const moved = roll(g, roll(g, x, 1, up), 2, left);
        const strips = g.reshape(moved, [-1, window, columns, window * depth]);
        return g.reshape(g.transpose(strips, [0, 2, 1, 3]), [-1, area, depth]);
      };

      let bias = relative_ANN;
      if (up > 0 || left > 0) {
        const count = rows * columns;
        const mask_V1NN = g.constant(`window_mask/${height}x${width}_${window}_${shift}`, () => ({
          shape: [count, 1, area, area],
          dtype: 'float32',
          data: shiftMask(height, width, window, shift),
        }));
        const sum = g.op('AddV2', [relative_ANN, mask_V1NN], [count, heads, area, area]);
        bias = g.reshape(sum, [count * heads, area, area]);
      }
      const mixed = attention(g, cut(q), cut(k), cut(v), headDim, bias);

      const depth = v.shape[3]!;
      const strips = g.reshape(mixed, [-1, columns, window, window * depth]);
      const whole = g.reshape(g.transpose(strips, [0, 2, 1, 3]), [-1, height, width, depth]);
      return roll(g, roll(g, whole, 1, height - up), 2, width - left);
    },

    mergePatches(x) {
      const [, height, width, channels] = x.shape as readonly [number, number, number, number];
      const split = g.reshape(x, [-1, 2, width / 2, 2, channels]);
      return g.reshape(g.transpose(split, [0, 2, 3, 1, 4]), [-1, height / 2, width / 2, 4 * channels]);
    },
  };
}

/** Scaled dot-product attention; `bias` is [heads, N, N], or that for one window after the other. */
function attention(g: Graph, q: Value, k: Value, v: Value, headDim: number, bias?: Value): Value {
  const [, tokens, width] = q.shape as readonly [number, number, number];
  const heads = width / headDim;
  const split = (x: Value): Value => {
    const [, count, depth] = x.shape as readonly [number, number, number];
    return g.transpose(g.reshape(x, [-1, count, heads, depth / heads]), [0, 2, 1, 3]);
  };
  const product = (a: Value, b: Value, transposed: boolean, shape: readonly number[]): Value =>
    g.op('BatchMatMulV2', [a, b], shape, { attr: { adj_x: flag(false), adj_y: flag(transposed) } });

  const scaled = g.op('Mul', [split(q), g.number(1 / Math.sqrt(headDim))], [-1, heads, tokens, headDim]);
  const scores_BANN = product(scaled, split(k), true, [-1, heads, tokens, k.shape[1]!]);
  const { shape } = scores_BANN;
  const weights_BANN = g.op(
    'Softmax',
    [bias === undefined ? scores_BANN : addRepeated(g, scores_BANN, bias)],
    shape,
  );
  const mixed = product(weights_BANN, split(v), false, [-1, heads, tokens, v.shape[2]! / heads]);
  return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [-1, tokens, v.shape[2]!]);
}

/** scores + bias, where the bias of V windows starts anew with every image. */
function addRepeated(g: Graph, scores_BANN: Value, bias: Value): Value {
  const { shape } = scores_BANN;
  const grouped = bias.shape[0] === shape[1] ? scores_BANN : g.reshape(scores_BANN, [-1, ...bias.shape]);
  const sum = g.op('AddV2', [grouped, bias], grouped.shape);
  return grouped === scores_BANN ? sum : g.reshape(sum, shape);
}

/** The bias of each pair of a window's positions, [heads, N, N], read out of the table [P, heads]. */
function relativeBias(g: Graph, tensors: Tensors, name: string, window: number): Value {
  const area = window * window;
  return g.constant(`${name}.relative_position_bias`, () => {
    const { data, shape } = tensors.get(`${name}.relative_position_bias_table`);
    const heads = shape[1]!;
    const positions = relativePositions(window);
    const bias = Float32Array.from(
      { length: heads * area * area },
      (_, k) => data[positions[k % (area * area)]! * heads + Math.floor(k / (area * area))]!,
    );
    return { shape: [heads, area, area], dtype: 'float32', data: bias };
  });
}

/** Moves everything by `by` towards the start of an axis; what falls off comes back at its end. */
function roll(g: Graph, x: Value, axis: 1 | 2, by: number): Value {
  const size = x.shape[axis]!;
  if (by % size === 0) return x;
  return g.concat([g.slice(x, axis, by, size - by), g.slice(x, axis, 0, by)], axis);
}
