// What detectors see with: a residual network of the zoo, and a pyramid on its stages. Names are those of torchvision's
// detectors: `backbone.body.layer1.0.conv1.weight`, `backbone.fpn.inner_blocks.0.0.weight`.

import { type Net, type ParameterGroup, scoped } from '@ma-net/core';
import { type ResNetShape, resnetBody } from '@ma-net/tnet';
import { featurePyramid, type PyramidOptions } from './pyramid.ts';

/** The residual network; `norm` is frozen unless given. */
export type BodyOptions = Omit<ResNetShape, 'inputShape'>;

export interface BackboneOptions {
  readonly body: BodyOptions;
  /** Its levels, of which the finest is `p2` or `p3`. */
  readonly pyramid: Omit<PyramidOptions, 'name'>;
}

export const BODY = 'backbone.body.';

/** ResNet-50 as detectors have it. */
export const RESNET_50 = {
  block: 'bottleneck',
  depths: [3, 4, 6, 3],
  stem: 'imagenet',
} as const satisfies BodyOptions;

/**
 * The levels of a pyramid on the stages of a residual network, the finest first, by their names: `p2` has 4 pixels of the
 * image per pixel, and each one after it twice as many. Sides of the images [B, H, W, 3] are multiples of the stride of
 * the last stage.
 */
export function pyramidBackbone<V>(
  net: Net<V>,
  images: V,
  { body, pyramid }: BackboneOptions,
): Readonly<Record<string, V>> {
  const stages = resnetBody(scoped(net, BODY), images, { norm: 'frozen', ...body });
  // The first stage is C2.
  const maps = stages.slice(pyramid.first - 2);
  const levels = featurePyramid(net, maps, { ...pyramid, name: 'backbone.fpn' });
  return Object.fromEntries(levels.map((level, l) => [`p${pyramid.first + l}`, level]));
}

/**
 * Groups of an optimiser that leave the stem and the stages before stage `until` as they are: 2, the stem and the first
 * one, is what detectors keep of a network that knows photographs.
 */
export function frozenBackbone(until: number): readonly ParameterGroup[] {
  const parts = Array.from({ length: until }, (_, i) => (i === 0 ? 'conv1' : `layer${i}`));
  return parts.map((part) => ({ match: `${BODY}${part}.*`, frozen: true }));
}
