// Non-local pooling: a window's mean, weighed by what every patch of the map says to every other. Chen et al. 2023,
// "Self-attentive pooling for efficient deep learning" (arXiv:2209.07659), section 3.

import { MaNetError } from '@ma-net/core';
import type { Block } from './block.ts';

export interface SelfAttentivePoolingOptions {
  /** Channels of a patch, as a part of those of the map. */
  readonly ratio: number;
  /** Heads of the attention: one number, or one for each stage that halves the map, the last one serving those beyond. */
  readonly heads: number | readonly number[];
  /** Side of a patch: one number, or one for each stage that halves the map. */
  readonly patch: number | readonly number[];
}

/** Positions along each side that the tables hold. */
const MOST = 50;

/**
 * Halves a map [H, W, C]: patches are embedded (`<layer>.pool.patch`), given positions, attend to each other
 * (`.q`, `.k`, `.v`, `.out`), and are restored to the map (`.restore`); weights w are e to the power of their sigmoid, and the
 * result is the mean of x w over 2 x 2 positions divided by that of w. Throws `shape-mismatch` for maps that patches or
 * windows do not cover, and for more than 50 patches along a side; `bad-argument` where no head has a channel.
 */
export function selfAttentivePooling({ ratio, heads, patch }: SelfAttentivePoolingOptions): Block {
  return (net, block, x, { stage, width: channels }) => {
    const layer = `${block}.pool`;
    const [side, count] = [ofStage(patch, stage), ofStage(heads, stage)];
    const headDim = Math.round((ratio * channels) / count);
    const embedded = headDim * count;
    const [height, width] = net.shape(x) as [number, number];
    check(layer, { height, width, side, embedded });
    let y = net.conv(`${layer}.patch`, x, { out: embedded, kernel: side, stride: side, pad: 0, bias: true });
    y = net.relu(net.batchNorm(`${layer}.bn1`, y));
    const tokens = net.tokens(net.gridPositions(`${layer}.positions`, y, { most: MOST }));
    const [q, k, v] = ['q', 'k', 'v'].map((part) => net.dense(`${layer}.${part}`, tokens, { out: embedded }));
    y = net.dense(`${layer}.out`, net.attention(q!, k!, v!, { headDim }), { out: embedded });
    y = net.grid(y, height / side, width / side);
    if (side > 1) y = net.upsample(y, { times: side });
    y = net.batchNorm(
      `${layer}.bn2`,
      net.conv(`${layer}.restore`, y, { out: channels, kernel: 1, bias: true }),
    );
    const weights = net.exp(net.sigmoid(y));
    const windows = { kernel: 2, stride: 2 };
    return net.div(net.avgPool(net.mul(x, weights), windows), net.avgPool(weights, windows));
  };
}

/** Of a stage that halves the map, of which the first one is stage 1. */
function ofStage(value: number | readonly number[], stage: number): number {
  return typeof value === 'number' ? value : value[Math.min(stage, value.length) - 1]!;
}

interface Sizes {
  readonly height: number;
  readonly width: number;
  readonly side: number;
  readonly embedded: number;
}

function check(layer: string, { height, width, side, embedded }: Sizes): void {
  const where = `layer "${layer}"`;
  const fits = [height, width].every((n) => n % 2 === 0 && n % side === 0 && n / side <= MOST);
  if (!fits) {
    throw new MaNetError(
      'shape-mismatch',
      `A map of ${height} x ${width} cannot be pooled by patches of ${side} x ${side}.`,
      {
        where,
        hint: `use maps with even sides that patches divide, and at most ${MOST} patches along each.`,
      },
    );
  }
  if (embedded >= 2 && embedded % 2 === 0) return;
  throw new MaNetError('bad-argument', `A patch would have ${embedded} channels.`, {
    where,
    hint: 'use a larger ratio, or another number of heads: rows and columns take half of the channels each.',
  });
}
