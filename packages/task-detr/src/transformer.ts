// The layers of DETR's transformer (Carion et al. 2020, section 3.2 and figure 10; Vaswani et al. 2017): every residual
// branch is normalised after its sum. Names are those of the public code, except that queries, keys and values are three
// kernels here and one there.

import { type Net, type Op, xavierUniform } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface TransformerOptions {
  /** Channels of a token. */
  readonly width: number;
  readonly heads: number;
  /** Channels inside a feed-forward network. */
  readonly feedForward: number;
  /** Part of the numbers that is dropped while training: of attention weights, and of what is added to tokens. */
  readonly dropout: number;
}

/** Who asks whom for what. */
interface Asked<V> {
  readonly queries: V;
  readonly keys: V;
  readonly values: V;
  /** 1 where a key is, 0 where it is padding. */
  readonly mask?: V | undefined;
}

const EPSILON = 1e-5;

/** Attention with projections: `<name>.q`, `.k`, `.v` and `.out_proj`. */
export function projectedAttention<V>(
  net: Net<V>,
  name: string,
  { queries, keys, values, mask }: Asked<V>,
  { width, heads, dropout }: TransformerOptions,
): V {
  const init = xavierUniform(width, 3 * width);
  const project = (part: string, x: V): V => net.dense(`${name}.${part}`, x, { out: width, init });
  const mixed = net.attention(
    project('q', queries),
    project('k', keys),
    project('v', values),
    { headDim: width / heads, dropout: { name, rate: dropout } },
    mask,
  );
  return net.dense(`${name}.out_proj`, mixed, { out: width, init: xavierUniform(width, width) });
}

/** x plus a branch, normalised. */
function joined<V>(net: Net<V>, layer: string, part: number, x: V, branch: V, rate: number): V {
  const added = net.add(x, net.dropout(`${layer}.dropout${part}`, branch, { rate }));
  return net.layerNorm(`${layer}.norm${part}`, added, { epsilon: EPSILON });
}

/** Two matrices with a ReLU between. */
export function feedForward<V>(
  net: Net<V>,
  layer: string,
  x: V,
  { width, feedForward: inner, dropout }: TransformerOptions,
): V {
  const init = xavierUniform(width, inner);
  const hidden = net.relu(net.dense(`${layer}.linear1`, x, { out: inner, init }));
  const dropped = net.dropout(`${layer}.dropout`, hidden, { rate: dropout });
  return net.dense(`${layer}.linear2`, dropped, { out: width, init });
}

/** Tokens [N, D] look at each other; positions [N, D] are added to queries and keys alone. */
export function encoderLayer<V>(
  net: Net<V>,
  layer: string,
  { tokens, positions, mask }: { readonly tokens: V; readonly positions: V; readonly mask?: V | undefined },
  options: TransformerOptions,
): V {
  const placed = net.add(tokens, positions);
  const seen = projectedAttention(
    net,
    `${layer}.self_attn`,
    { queries: placed, keys: placed, values: tokens, mask },
    options,
  );
  const x = joined(net, layer, 1, tokens, seen, options.dropout);
  return joined(net, layer, 2, x, feedForward(net, layer, x, options), options.dropout);
}

export interface Decoded<V> {
  /** What is known of each object so far [Q, D]. */
  readonly objects: V;
  /** Learned positions of the objects [Q, D], added to queries and keys alone. */
  readonly queries: V;
  /** Tokens of the image [N, D], with and without their positions. */
  readonly memory: { readonly placed: V; readonly tokens: V; readonly mask?: V | undefined };
}

/** Objects look at each other, then at the image. */
export function decoderLayer<V>(
  net: Net<V>,
  layer: string,
  { objects, queries, memory }: Decoded<V>,
  options: TransformerOptions,
): V {
  const { dropout } = options;
  const asking = net.add(objects, queries);
  const among = { queries: asking, keys: asking, values: objects };
  let x = joined(
    net,
    layer,
    1,
    objects,
    projectedAttention(net, `${layer}.self_attn`, among, options),
    dropout,
  );
  const image = {
    queries: net.add(x, queries),
    keys: memory.placed,
    values: memory.tokens,
    mask: memory.mask,
  };
  x = joined(net, layer, 2, x, projectedAttention(net, `${layer}.multihead_attn`, image, options), dropout);
  return joined(net, layer, 3, x, feedForward(net, layer, x, options), dropout);
}

/** Layer normalisation as the transformer does it. */
export function normalised<V>(net: Net<V>, name: string, x: V): V {
  return net.layerNorm(name, x, { epsilon: EPSILON });
}

export interface LearnedTokensOptions {
  readonly tokens: number;
  readonly width: number;
}

/** Learned tokens that are the same for every image [1, Q, D]: `<name>.weight` [Q, D], normal at the start. */
export const learnedTokens: Op<LearnedTokensOptions> = {
  kind: 'detr.learnedTokens',
  describe(on, name, _, { tokens, width }) {
    const param = `${name}.weight`;
    const shape = [on.whole('tokens', tokens, 1), on.width(param, 1, width)];
    on.declare({ name: param, kind: 'embedding', shape, init: { kind: 'normal', std: 1 }, positions: 0 });
    const made = { shape, spaces: [on.space(name, shape[1]!, param)], stride: 0 };
    on.attach(made, param, 1, 'write');
    return made;
  },
  execute: (on, name) => tf.expandDims(on.param(`${name}.weight`), 0),
};

/** Zeros of the shape and the channels of another value. */
export const zerosLike: Op<null> = {
  kind: 'detr.zerosLike',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.zerosLike(x!),
};

/** What is the same for every image [1, ...] once for each of `images`. */
export const forEach: Op<null> = {
  kind: 'detr.forEach',
  describe: (_, __, [x]) => x!,
  execute(_, __, [x, images]) {
    // Added to a zero of each image, without a constant that follows the size of the batch.
    const first = tf.slice(images!, Array<number>(images!.rank).fill(0), [
      -1,
      ...images!.shape.slice(1).map(() => 1),
    ]);
    return tf.add(x!, tf.reshape(tf.zerosLike(first), [-1, ...x!.shape.slice(1).map(() => 1)]));
  },
};
