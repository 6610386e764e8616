// The decoder of Dynamic DETR (Dai et al. 2021, section 3.3): each query looks into its box with a matrix of its own, and
// moves the box. The paper has no public code; what it does not say is our reading, after Sparse R-CNN (Sun et al. 2021)
// and Deformable DETR (Zhu et al. 2021).

import { type Initializer, type Net, xavierUniform } from '@ma-net/core';
import type { Predicted } from './body.ts';
import {
  flatPlaces,
  queryProduct,
  refinedBoxes,
  roiFeatures,
  type RoiFeaturesOptions,
} from './roi-features.ts';
import { feedForward, normalised, projectedAttention, type TransformerOptions } from './transformer.ts';

export interface DynamicDecoderOptions extends TransformerOptions, RoiFeaturesOptions {
  readonly classes: number;
  /**
   * Numbers of a query that its matrix is made of. Matrices of `width` by `width` take width cubed weights a layer without
   * this step in between, more than the paper counts for its whole network.
   */
  readonly rank?: number;
}

/** What a layer passes on. */
export interface DynamicState<V> {
  /** What is known of each object so far [Q, D]. */
  readonly queries: V;
  /** [Q, 4]: middle x, middle y, width, height, as parts of the image. */
  readonly boxes: V;
}

/** One object of a hundred at the start (Lin et al. 2017, section 4.1). */
const RARE: Initializer = { kind: 'constant', value: -Math.log((1 - 0.01) / 0.01) };

/** Objects look at each other, each into its box, and say what is in it and where it really is. */
export function dynamicDecoderLayer<V>(
  net: Net<V>,
  layer: string,
  { queries, boxes }: DynamicState<V>,
  { sizes, levels }: { readonly sizes: V; readonly levels: readonly V[] },
  options: DynamicDecoderOptions,
): { readonly state: DynamicState<V>; readonly predicted: Predicted<V> } {
  const { width, classes, rank, dropout, strides, finest } = options;
  const of = (name: string): string => `${layer}.${name}`;
  const dense = (name: string, x: V, out: number): V =>
    net.dense(of(name), x, { out, init: xavierUniform(net.shape(x).at(-1)!, out) });
  const joined = (part: number, x: V, branch: V): V =>
    normalised(
      net,
      of(`norm${part}`),
      net.add(x, net.dropout(of(`dropout${part}`), branch, { rate: dropout })),
    );

  const placed = net.add(queries, dense('box_encoding', boxes, width));
  const among = { queries: placed, keys: placed, values: queries };
  const seen = joined(1, queries, projectedAttention(net, of('attention'), among, options));

  const features = net.apply(roiFeatures, '', [boxes, sizes, ...levels], { strides, finest });
  const inner = rank === undefined ? seen : dense('kernel_rank', seen, rank);
  const matrices = dense('kernel', inner, width * width);
  const product = net.apply(queryProduct, '', [features, matrices], { out: width });
  const looked = net.relu(normalised(net, of('norm_conv'), product));
  const told = joined(2, seen, dense('reduce', net.apply(flatPlaces, '', [looked], null), width));
  const next = joined(3, told, feedForward(net, layer, told, options));

  const logits = net.dense(of('classes'), next, { out: classes, biasInit: RARE });
  const deltas = net.dense(of('delta'), next, { out: 4, init: { kind: 'constant', value: 0 } });
  const moved = net.apply(refinedBoxes, '', [boxes, deltas], null);
  return { state: { queries: next, boxes: moved }, predicted: { logits, boxes: moved } };
}
