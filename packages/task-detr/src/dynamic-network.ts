// Dynamic DETR as a network (Dai et al. 2021): a pyramid, blocks of a dynamic encoder, layers of a dynamic decoder.

import { defineNetwork, type Net, type Network } from '@ma-net/core';
import { type BodyOptions, pyramidBackbone, RESNET_50 } from '@ma-net/detection';
import { outputsOf, type Predicted } from './body.ts';
import { type DynamicDecoderOptions, dynamicDecoderLayer, type DynamicState } from './dynamic-decoder.ts';
import { dynamicEncoderBlock, type DynamicEncoderOptions } from './dynamic-encoder.ts';
import { forEach, learnedTokens } from './transformer.ts';

export interface DynamicDetrOptions
  extends DynamicEncoderOptions,
    Omit<DynamicDecoderOptions, 'strides' | 'finest'> {
  readonly body: BodyOptions;
  /** Objects that can be found in an image. */
  readonly queries: number;
  readonly encoderBlocks: number;
  readonly decoderLayers: number;
}

/** Dynamic DETR on ResNet-50 for the 80 classes of COCO. The rank is ours: the paper does not say how it saves weights. */
export const DYNAMIC_DETR_R50 = {
  body: RESNET_50,
  width: 256,
  heads: 8,
  feedForward: 2048,
  dropout: 0.1,
  classes: 80,
  queries: 300,
  encoderBlocks: 6,
  decoderLayers: 6,
  rank: 16,
  groupWidth: 16,
  reduction: 4,
} as const satisfies DynamicDetrOptions;

/** The number of the finest level: that of the first stage. */
const FIRST = 2;

/**
 * From `images` [H, W, 3] and `sizes` [2], their height and width without padding, to the predictions of every decoder
 * layer, as `detrNetwork`, but with a logit for each class and none for no object. Sides are multiples of the stride of
 * the last stage of the body.
 */
export function dynamicDetrNetwork(
  name: string,
  images: readonly [number, number, number],
  options: DynamicDetrOptions,
): Network<'images' | 'sizes'> {
  return defineNetwork(name, { images, sizes: [2] }, (net, inputs) =>
    outputsOf(dynamicDetrBody(net, inputs, options)),
  );
}

function dynamicDetrBody<V>(
  net: Net<V>,
  { images, sizes }: { readonly images: V; readonly sizes: V },
  { body, queries: count, encoderBlocks, decoderLayers, ...options }: DynamicDetrOptions,
): readonly Predicted<V>[] {
  const { width } = options;
  const pyramid = { width, first: FIRST, beyond: 'pooling' } as const;
  let levels: readonly V[] = Object.values(pyramidBackbone(net, images, { body, pyramid }));
  for (let i = 0; i < encoderBlocks; i++) levels = dynamicEncoderBlock(net, `encoder.${i}`, levels, options);

  const learned = (what: string, channels: number): V => {
    const made = net.apply(learnedTokens, what, [], { tokens: count, width: channels });
    return net.apply(forEach, '', [made, images], null);
  };
  const [side] = net.shape(images) as [number];
  // The last level is there for the encoder: boxes are looked up in those of the body.
  const looked = levels.slice(0, -1);
  const strides = looked.map((level) => 2 ** Math.round(Math.log2(side / net.shape(level)[0]!)));
  let state: DynamicState<V> = {
    queries: learned('query_embed', width),
    boxes: net.sigmoid(learned('query_boxes', 4)),
  };
  return Array.from({ length: decoderLayers }, (_, i) => {
    const seen = { sizes, levels: looked };
    const decoding = { ...options, strides, finest: 14 * strides[0]! };
    const { state: next, predicted } = dynamicDecoderLayer(net, `decoder.${i}`, state, seen, decoding);
    state = next;
    return predicted;
  });
}
