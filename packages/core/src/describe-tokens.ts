// The layers of transformers, on shapes.

import { MaNetError } from './errors.ts';
import { ones, zeros, type Initializer } from './init.ts';
import type { Ledger } from './ledger.ts';
import type { Net } from './program.ts';
import { attach, coarsen, join, pin, type Shaped } from './spaces.ts';

type TokenLayers = Pick<
  Net<Shaped>,
  | 'layerNorm'
  | 'embedding'
  | 'tokens'
  | 'grid'
  | 'prepend'
  | 'takeTokens'
  | 'attention'
  | 'windowAttention'
  | 'mergePatches'
>;

/** Standard deviation of the bias of relative positions at the start (Liu et al. 2021). */
const BIAS_TABLE: Initializer = { kind: 'truncated-normal', std: 0.02 };

export function tokenLayers(ledger: Ledger): TokenLayers {
  return {
    layerNorm(name, x) {
      ledger.affine(`${name}.weight`, x, ones);
      ledger.affine(`${name}.bias`, x, zeros);
      pin(x, `the layer normalisation ${name}`);
      return x;
    },
    embedding(name, { tokens, width: asked, init }) {
      const width = ledger.width(name, 2, asked);
      return { shape: [tokens, width], spaces: [ledger.embedding(name, tokens, width, init)] };
    },
    tokens(x) {
      const [height, width, channels] = sizes('tokens', x, 3);
      return { shape: [height! * width!, channels!], spaces: x.spaces };
    },
    grid(x, height, width) {
      const [tokens, channels] = sizes('grid', x, 2);
      if (tokens !== height * width)
        throw mismatch(`${tokens} tokens do not fill a grid of ${height} x ${width}.`);
      return { shape: [height, width, channels!], spaces: x.spaces };
    },
    prepend(first, x) {
      const [[more, width], [tokens, channels]] = [sizes('prepend', first, 2), sizes('prepend', x, 2)];
      if (width !== channels) throw mismatch(`Tokens of width ${width} cannot join tokens of ${channels}.`);
      join(first, x);
      return { shape: [more! + tokens!, channels!], spaces: x.spaces };
    },
    takeTokens(x, start, count) {
      const [tokens, channels] = sizes('takeTokens', x, 2);
      if (start < 0 || count < 1 || start + count > tokens!)
        throw mismatch(`There are ${tokens} tokens, not ${count} from ${start} on.`);
      return { shape: [count, channels!], spaces: x.spaces };
    },
    attention(q, k, v, { headDim }) {
      const [tokens, width] = sizes('attention', q, 2);
      ledger.attentionMacs += 2 * tokens! * tokens! * width!;
      return heads(q, k, v, headDim);
    },
    windowAttention(name, q, k, v, { headDim, window, shift = 0 }) {
      const [height, width, channels] = sizes('windowAttention', q, 3) as [number, number, number];
      if (height % window !== 0 || width % window !== 0 || shift < 0 || shift >= window) {
        throw mismatch(
          `Windows of ${window} x ${window}, shifted by ${shift}, do not tile ${height} x ${width} positions.`,
          'use images whose sides are multiples of the patch times the window, and a shift below the window.',
        );
      }
      ledger.attentionMacs += 2 * height * width * window * window * channels;
      const mixed = heads(q, k, v, headDim);
      const table = `${name}.relative_position_bias_table`;
      const shape = [(2 * window - 1) ** 2, channels / headDim];
      ledger.declare({ name: table, kind: 'embedding', shape, init: BIAS_TABLE, positions: 0 });
      attach(mixed, table, 1, 'norm', 'units');
      return mixed;
    },
    mergePatches(x) {
      const [height, width, channels] = sizes('mergePatches', x, 3) as [number, number, number];
      if (height % 2 !== 0 || width % 2 !== 0)
        throw mismatch(`${height} x ${width} positions cannot be merged two by two.`);
      return {
        shape: [height / 2, width / 2, 4 * channels],
        spaces: [x.spaces, x.spaces, x.spaces, x.spaces].flat(),
      };
    },
  };
}

/** Makes the heads of q, k and v one group: a head goes with its queries, keys, values, or not at all. */
function heads(q: Shaped, k: Shaped, v: Shaped, headDim: number): Shaped {
  const width = q.shape.at(-1)!;
  if ([k, v].some((x) => x.shape.join() !== q.shape.join()) || width % headDim !== 0) {
    throw mismatch(
      `Queries, keys and values of [${[q, k, v].map((x) => x.shape.join(', ')).join('], [')}] do not consist of equally many heads of width ${headDim}.`,
      'make all three with one shape, and a width that is a multiple of the width of a head.',
    );
  }
  for (const x of [q, k, v]) coarsen(x, headDim);
  join(q, k);
  join(q, v);
  return q;
}

function sizes(layer: string, x: Shaped, rank: number): readonly number[] {
  if (x.shape.length === rank) return x.shape;
  const wanted = rank === 3 ? '[height, width, channels]' : '[tokens, channels]';
  throw mismatch(
    `"${layer}" needs ${wanted} but receives [${x.shape.join(', ')}].`,
    'go from images to tokens with tokens(), and back with grid().',
  );
}

function mismatch(message: string, hint = 'check the sizes that the layers before it make.'): MaNetError {
  return new MaNetError('shape-mismatch', message, { hint });
}
