// DETR as a network: a residual network of the zoo, whose statistics of normalisations stay, and a transformer.

import { defineNetwork, type Network, type ParameterGroup, scoped } from '@ma-net/core';
import { BODY, type BodyOptions, frozenBackbone, RESNET_50 } from '@ma-net/detection';
import { resnetBody } from '@ma-net/tnet';
import { detrBody, type DetrOptions, outputsOf } from './body.ts';

export interface DetrNetworkOptions extends DetrOptions {
  readonly body: BodyOptions;
}

/** DETR on ResNet-50, for the 91 ids of COCO: 41.5 million parameters. */
export const DETR_R50 = {
  body: RESNET_50,
  width: 256,
  heads: 8,
  feedForward: 2048,
  dropout: 0.1,
  classes: 91,
  queries: 100,
  encoderLayers: 6,
  decoderLayers: 6,
} as const satisfies DetrNetworkOptions;

/**
 * From `images` [H, W, 3] and `sizes` [2], their height and width without padding, to the predictions of every decoder
 * layer: `logits` and `boxes` of the last one, `layer0.logits`, `layer0.boxes` and so on of those before.
 */
export function detrNetwork(
  name: string,
  images: readonly [number, number, number],
  { body, ...options }: DetrNetworkOptions,
): Network<'images' | 'sizes'> {
  return defineNetwork(name, { images, sizes: [2] }, (net, inputs) => {
    const map = resnetBody(scoped(net, BODY), inputs.images, { norm: 'frozen', ...body }).at(-1)!;
    return outputsOf(detrBody(net, { map, ...inputs }, options));
  });
}

/** What the optimiser of a detector does to its backbone: the stem and the first stage stay, the rest moves at a tenth. */
export function backboneGroups({ until = 2, rate = 0.1 } = {}): readonly ParameterGroup[] {
  return [...frozenBackbone(until), { match: `${BODY}*`, rate }];
}
