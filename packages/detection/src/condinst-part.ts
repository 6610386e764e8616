import { type Architecture, definePart, type Network } from '@ma-net/core';
import { z } from 'zod';
import type { CondInstOptions } from './condinst.ts';
import { withCondInstWeights } from './condinst-weights.ts';
import { startedFrom } from './started-from.ts';

const count = z.int().min(1);

const schema = z.strictObject({
  /** The residual network; ResNet-50 unless given. */
  body: z
    .strictObject({
      /** Two convolutions of 3x3, or three that are narrow in the middle. */
      block: z.enum(['basic', 'bottleneck']),
      /** Blocks of each of four stages. */
      depths: z.array(count).length(4),
      /** Channels of the first stage, which each later one doubles. */
      width: count.exactOptional(),
      /** Of the inner convolutions of bottlenecks, as a multiple. */
      widen: z.number().positive().exactOptional(),
      /** The convolution of a bottleneck that halves the map; 3x3 unless given. */
      strideIn: z.enum(['1x1', '3x3']).exactOptional(),
      /** Batch normalisation as it was trained, which is left as it is, or one that is trained. */
      norm: z.enum(['frozen', 'batch']).exactOptional(),
    })
    .default({ block: 'bottleneck', depths: [3, 4, 6, 3] }),
  /** Channels of the pyramid and of the head's towers. */
  width: count.default(256),
  /** Convolutions of each tower. */
  convolutions: count.default(4),
  /** Channels of a group of their normalisations. */
  groupWidth: count.default(8),
  /** Channels between the mask features' convolutions. */
  maskWidth: count.default(128),
  /**
   * Weights to start from, a safetensors file or `hub:owner/name`: of the whole network, as AdelaiDet or this program
   * writes it, or of a residual classifier for the body, which keeps the widths that pruning left it. Fresh ones unless given.
   */
  weights: z.string().exactOptional(),
  /** What of them: all that fits, unless given; or the body alone, of whatever detector or classifier they are. */
  take: z.enum(['all', 'body']).exactOptional(),
});

/** A network of CondInst's kind: images [height, width, channels], and the shape of the rest. */
type Create = (
  name: string,
  images: readonly [height: number, width: number, channels: number],
  options: Omit<CondInstOptions, 'maskChannels'>,
) => Network<'images'>;

/** The part of a recipe that makes such a network, which is called `name`. */
export const condInstNetworkPart = (
  { id, name, about }: { readonly id: string; readonly name: string; readonly about: string },
  load: () => Promise<Create>,
) =>
  definePart({
    id,
    kind: 'network',
    about,
    schema,
    open: async ({ weights, take, body, ...options }): Promise<Architecture> => {
      const create = await load();
      return ({ shapes, classNames }, how) => {
        const images = shapes['images'] as readonly [number, number, number];
        const shape = {
          ...options,
          body: { ...body, stem: 'imagenet' as const },
          classes: classNames.length,
        };
        const network = create(name, images, shape) as unknown as Network;
        return startedFrom(network, { weights, take }, how, withCondInstWeights);
      };
    },
  });
