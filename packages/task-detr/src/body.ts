// DETR behind a backbone (Carion et al. 2020, section 3.2): a transformer whose decoder says of each learned query which
// object it found, and where. Names are those of the public code.

import { type Net, scoped } from '@ma-net/core';
import { mapMask, sinePositions } from './positions.ts';
import {
  decoderLayer,
  encoderLayer,
  learnedTokens,
  normalised,
  type TransformerOptions,
  zerosLike,
} from './transformer.ts';

export interface DetrOptions extends TransformerOptions {
  readonly classes: number;
  /** Objects that can be found in an image. */
  readonly queries: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
}

/** What a layer of a decoder says of its queries. */
export interface Predicted<V> {
  /** [Q, K + 1]: the last one is for no object; or [Q, K]. */
  readonly logits: V;
  /** [Q, 4]: middle x, middle y, width and height, as parts of the image without its padding. */
  readonly boxes: V;
}

/**
 * What every layer of the decoder says, the last one last. `map` [h, w, C] is what a backbone makes of `images`
 * [H, W, 3]; `sizes` [2] are their heights and widths without padding, where there is any.
 */
export function detrBody<V>(
  net: Net<V>,
  { map, images, sizes }: { readonly map: V; readonly images: V; readonly sizes?: V | undefined },
  options: DetrOptions,
): readonly Predicted<V>[] {
  const { width, classes, queries: count, encoderLayers, decoderLayers } = options;
  const there = net.apply(mapMask, '', sizes === undefined ? [images, map] : [images, map, sizes], null);
  const mask = sizes === undefined ? undefined : net.flatten(there);
  const positions = net.apply(sinePositions, '', [there], { width });

  let tokens = net.tokens(net.conv('input_proj', map, { out: width, kernel: 1, bias: true }));
  for (let i = 0; i < encoderLayers; i++)
    tokens = encoderLayer(net, `transformer.encoder.layers.${i}`, { tokens, positions, mask }, options);

  const queries = net.apply(learnedTokens, 'query_embed', [], { tokens: count, width });
  const memory = { placed: net.add(tokens, positions), tokens, mask };
  let objects = net.apply(zerosLike, '', [queries], null);
  return Array.from({ length: decoderLayers }, (_, i) => {
    objects = decoderLayer(net, `transformer.decoder.layers.${i}`, { objects, queries, memory }, options);
    const found = normalised(net, 'transformer.decoder.norm', objects);
    return {
      logits: net.dense('class_embed', found, { out: classes + 1 }),
      boxes: boxHead(net, found, width),
    };
  });
}

function boxHead<V>(net: Net<V>, found: V, width: number): V {
  const head = scoped(net, 'bbox_embed.layers.');
  const hidden = [0, 1].reduce((x, i) => net.relu(head.dense(String(i), x, { out: width })), found);
  return net.sigmoid(head.dense('2', hidden, { out: 4 }));
}

/** Predictions under the names of a network's outputs: `logits` and `boxes` of the last layer, `layer0.logits` before. */
export function outputsOf<V>(layers: readonly Predicted<V>[]): Record<string, V> {
  return Object.fromEntries(
    layers.flatMap(({ logits, boxes }, i) => {
      const name = i === layers.length - 1 ? '' : `layer${i}.`;
      return [
        [`${name}logits`, logits],
        [`${name}boxes`, boxes],
      ];
    }),
  );
}
