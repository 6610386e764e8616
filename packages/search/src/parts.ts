// What recipes may choose here.

import { type Architecture, type DataFacts, definePart, type Method, type Network } from '@ma-net/core';
import { z } from 'zod';
import type { ImageOptions } from './darts-network.ts';
import { dartsOptions, dartsPtOptions, hotnasOptions, nasLidOptions, shapleyOptions } from './options.ts';

/** A genotype as JSON, as a text, or by its published name. */
const genotype = z.union([
  z.string(),
  z.looseObject({
    /** Operations of the cells that keep the size of the image, with the node that each reads. */
    normal: z.array(z.tuple([z.string(), z.int()])),
    /** Of the cells that halve it. */
    reduce: z.array(z.tuple([z.string(), z.int()])),
  }),
]);
const count = z.int().min(1);

/** Builds a network for what the data hold. */
const architecture =
  (build: (options: ImageOptions) => Network): Architecture =>
  async ({ classNames, shapes }: DataFacts) => {
    const inputShape = shapes['images'] as ImageOptions['inputShape'];
    return build({ numClasses: classNames.length, ...(inputShape === undefined ? {} : { inputShape }) });
  };

/** The network of a genotype of the DARTS space. */
export const dartsNetwork = definePart({
  id: '@ma-net/search#darts-network',
  kind: 'network',
  about: 'cells of a genotype of the DARTS space, such as DARTS_V2, one after the other',
  schema: z.strictObject({
    /** What a search found, or a published name. */
    genotype,
    /** Channels of the operations in the first cell. */
    channels: count.default(36),
    /** Number of cells. */
    layers: count.default(20),
    /** For small images, or for photographs. */
    stem: z.enum(['cifar', 'imagenet']).default('cifar'),
    /** Whether there is a second classifier after two thirds of the cells, for methods that train it. */
    auxiliary: z.boolean().default(false),
    /** Part of the branches that is dropped at the end of the training. */
    dropPath: z.number().min(0).lt(1).default(0),
  }),
  open: async (options): Promise<Architecture> => {
    const { dartsNetwork: build } = await import('./darts-network.ts');
    return architecture((images) => build('darts', options, images));
  },
});

/** The network of a genotype of NAS-Bench-201. */
export const nasBench201Network = definePart({
  id: '@ma-net/search#nas-bench-201-network',
  kind: 'network',
  about: 'three stages of cells of a genotype of NAS-Bench-201',
  schema: z.strictObject({
    /** As |op~0|+|op~0|op~1|+|op~0|op~1|op~2|. */
    genotype: z.string(),
    /** Channels of the first stage. */
    channels: count.default(16),
    /** Cells of each stage. */
    cells: count.default(5),
  }),
  open: async (options): Promise<Architecture> => {
    const { nasBench201Network: build } = await import('./nas-bench-201-network.ts');
    return architecture((images) => build('nas-bench-201', options, images));
  },
});

/** The network of a search. */
export const supernet = definePart({
  id: '@ma-net/search#supernet',
  kind: 'network',
  about: 'all networks of a space at once, for a search',
  schema: z.strictObject({
    /** What is searched. */
    space: z.enum(['darts', 'nas-bench-201']),
    /** Channels of the first cell. */
    channels: count.default(16),
    /** Cells of DARTS, 8 unless given; cells of each stage of NAS-Bench-201, 5 unless given. */
    layers: count.exactOptional(),
    /** Of DARTS: whether an edge may choose nothing. */
    none: z.boolean().default(false),
    /** Of DARTS: operations see one of so many parts of the channels. */
    partial: count.default(1),
    /** Of DARTS: whether pooling is normalised. */
    poolNorm: z.boolean().default(true),
    /** Which networks may be found; all unless given. */
    budget: z
      .strictObject({
        /** At most so many parameters. */
        params: count.exactOptional(),
        /** At most so many multiply-accumulates for an image. */
        macs: count.exactOptional(),
        /** Channels of the first cell of the networks that are counted; those of the supernet unless given. */
        channels: count.exactOptional(),
        /** Their cells, as `layers` counts them; those of the supernet unless given. */
        layers: count.exactOptional(),
      })
      .exactOptional(),
  }),
  open: async (options): Promise<Architecture> => {
    const { supernet: build } = await import('./supernet.ts');
    return architecture((images) => build('supernet', options, images));
  },
});

/** DARTS. */
export const darts = definePart({
  id: '@ma-net/search#darts',
  kind: 'method',
  about: 'searches a supernet: weights and architecture by gradients, each on a half of the images',
  schema: dartsOptions,
  open: async (options): Promise<Method> => (await import('./darts.ts')).darts(options),
});

/** DARTS-PT. */
export const dartsPt = definePart({
  id: '@ma-net/search#darts-pt',
  kind: 'method',
  about: 'searches a supernet as DARTS does, and keeps what it cannot do without',
  schema: dartsPtOptions,
  open: async (options): Promise<Method> => (await import('./darts-pt.ts')).dartsPt(options),
});

/** Shapley-NAS. */
export const shapleyNas = definePart({
  id: '@ma-net/search#shapley-nas',
  kind: 'method',
  about: 'searches a supernet by what each operation contributes to its accuracy',
  schema: shapleyOptions,
  open: async (options): Promise<Method> => (await import('./shapley-nas.ts')).shapleyNas(options),
});

/** HOTNAS, as we read it. */
export const hotnas = definePart({
  id: '@ma-net/search#hotnas',
  kind: 'method',
  about: 'searches by training candidates that transport distances to tried ones promise most of; our design',
  schema: hotnasOptions,
  open: async (options): Promise<Method> => (await import('./hotnas.ts')).hotnas(options),
});

/** NAS-LID. */
export const nasLid = definePart({
  id: '@ma-net/search#nas-lid',
  kind: 'method',
  about: 'searches by evolution, with the weights of sub-supernets whose operations are alike',
  schema: nasLidOptions,
  open: async (options): Promise<Method> => (await import('./nas-lid.ts')).nasLid(options),
});

export const parts = [dartsNetwork, nasBench201Network, supernet, darts, dartsPt, shapleyNas, nasLid, hotnas];
