// Networks small enough for tests.

import type { Network } from '@ma-net/core';
import { type DynamicDetrOptions, dynamicDetrNetwork } from '../src/dynamic-network.ts';
import { type DetrNetworkOptions, detrNetwork } from '../src/network.ts';

const body = { block: 'basic', depths: [1, 1], width: 4, stem: 'half' } as const;
const shared = { body, width: 8, heads: 2, feedForward: 12, dropout: 0, queries: 5, decoderLayers: 2 };

export const smallDetr = (more: Partial<DetrNetworkOptions> = {}): Network<'images' | 'sizes'> =>
  detrNetwork('small-detr', [16, 24, 3], { ...shared, classes: 3, encoderLayers: 1, ...more });

export const smallDynamicDetr = (more: Partial<DynamicDetrOptions> = {}): Network<'images' | 'sizes'> =>
  dynamicDetrNetwork('small-dynamic-detr', [16, 24, 3], {
    ...{ ...shared, classes: 3, encoderBlocks: 1, rank: 4, groupWidth: 4, reduction: 2 },
    ...more,
  });
