import { defineNetwork, type Network } from '@ma-net/core';
import { type BodyOptions, fcosHead, type PyramidOptions, pyramidBackbone } from '@ma-net/detection';

export interface FcosNetworkOptions {
  readonly classes: number;
  readonly body: BodyOptions;
  /** Channels of the pyramid and of the head's towers. */
  readonly width: number;
  /** Levels beyond P5: two, or none where images are small. */
  readonly beyond: Extract<PyramidOptions['beyond'], 'convolutions' | 'none'>;
  /** Convolutions of each tower. */
  readonly convolutions: number;
  /** Channels of a group of their normalisations. */
  readonly groupWidth: number;
}

/**
 * FCOS (Tian et al. 2019) on images [height, width, 3], whose sides are multiples of 32. Its outputs are, level by level
 * from `p3` on, logits of classes `p3.cls`, distances `p3.ltrb` and centerness `p3.ctr`.
 */
export function fcosNetwork(
  name: string,
  images: readonly [height: number, width: number, channels: number],
  { classes, body, width, beyond, convolutions, groupWidth }: FcosNetworkOptions,
): Network {
  const network = defineNetwork(name, { images }, (net, inputs) => {
    const levels = Object.entries(
      pyramidBackbone(net, inputs.images, { body, pyramid: { width, first: 3, beyond } }),
    );
    const heads = fcosHead(
      net,
      levels.map(([, level]) => level),
      { classes, convolutions, groupWidth },
    );
    return Object.fromEntries(
      heads.flatMap(({ cls, ltrb, ctr }, l) =>
        Object.entries({ cls, ltrb, ctr }).map(([what, value]) => [`${levels[l]![0]}.${what}`, value]),
      ),
    );
  });
  // Who takes any network asks for its ends by name.
  return network as unknown as Network;
}
