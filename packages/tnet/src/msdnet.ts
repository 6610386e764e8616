// Multi-scale dense networks with exits. Huang et al. 2018 (arXiv:1703.09844), sections 4 and A; widths and names of
// parameters follow their code. Exits may boost each other, and share the gradient of what they have in common (Yu et al. 2023,
// arXiv:2211.16726; Li et al. 2019, arXiv:1908.06294).

import { defineNetwork, type Net, type Network, type Program } from '@ma-net/core';
import type { ExitOptions, TNetOptions } from './options.ts';

export interface MsdNetShape {
  /** Blocks, each of which ends in an exit. */
  readonly blocks: number;
  /** Layers of the first block. */
  readonly base: number;
  /** Layers of each further block. */
  readonly step: number;
  /** Channels of the finest scale, before `factors`. */
  readonly channels: number;
  /** Channels that each layer adds, before `factors`. */
  readonly growth: number;
  /** What the channels of each scale are multiplied by, from the finest to the coarsest; each halves the map before it. */
  readonly factors: readonly number[];
  /** Width of a bottleneck of each scale, as a multiple of what it makes. */
  readonly bottlenecks: readonly number[];
  /** `imagenet`: 7x7 stride 2 and pooling; `cifar`: 3x3. */
  readonly stem: 'imagenet' | 'cifar';
  /** Channels of the two convolutions of an exit; those of the coarsest scale unless given. */
  readonly exitWidth?: number;
  readonly inputShape?: readonly [number, number, number];
}

/** Part of the channels that stays where a scale is dropped. */
const REDUCTION = 0.5;

export interface MsdNetOptions extends TNetOptions {
  /** How exits learn from each other; each by itself unless given. */
  readonly exits?: ExitOptions;
}

/**
 * A network with an exit after every block: outputs `exit1`, `exit2`, ..., and `logits`, the last one. With `boost` exit n is
 * o(n) + boost exit(n - 1), where no gradient flows through the exit before: it learns what that one left. With `rescale` what
 * several exits have in common receives the mean of their gradients, not the sum.
 */
export function msdnet(
  name: string,
  shape: MsdNetShape,
  options: MsdNetOptions,
): Network<'images', 'logits'> {
  const program: Program = (net, { images }) => {
    const exits = msdnetExits(net, images, shape, options);
    return {
      ...Object.fromEntries(exits.map((exit, n) => [`exit${n + 1}`, exit])),
      logits: exits.at(-1)!,
    };
  };
  const side = shape.stem === 'imagenet' ? 224 : 32;
  const images = options.inputShape ?? shape.inputShape ?? [side, side, 3];
  return defineNetwork<'images', 'logits'>(name, { images }, program as Program<'images', 'logits'>);
}

/** The logits of every exit, one after the other. */
function msdnetExits<V>(
  net: Net<V>,
  images: V,
  shape: MsdNetShape,
  { numClasses, exits: { boost = 0, rescale = false } = {} }: MsdNetOptions,
): readonly V[] {
  const { blocks, base, step, growth, factors } = shape;
  const layers = base + step * (blocks - 1);
  const interval = Math.ceil(layers / factors.length);
  let scales = firstLayer(net, images, shape);
  let width = shape.channels;
  let done = 0;
  const exits: V[] = [];
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < (block === 0 ? base : step); i++) {
      done++;
      const kept = factors.length - Math.floor((done - 1) / interval);
      const dropped = scales.length > kept;
      scales = layer(net, `blocks.${block}.${i}`, scales, kept, width, shape);
      width += growth;
      if (dropped) {
        width = Math.floor(REDUCTION * width);
        const offset = factors.length - kept;
        scales = scales.map((x, s) =>
          basic(net, `blocks.${block}.${i}.transition.${offset + s}`, x, {
            out: width * factors[offset + s]!,
            kernel: 1,
          }),
        );
      }
    }
    const left = blocks - block;
    // What is behind this exit counts as often as there are exits: together they count as one.
    let coarsest = scales.at(-1) as V;
    if (rescale) coarsest = net.scaleGradient(coarsest, 1 / left);
    const own = exit(net, `exits.${block}`, coarsest, shape, numClasses);
    exits.push(boost === 0 || block === 0 ? own : boosted(net, own, exits.at(-1)!, boost));
    if (rescale && left > 1) scales = [...scales.slice(0, -1), net.scaleGradient(coarsest, left - 1)];
  }
  return exits;
}

const boosted = <V>(net: Net<V>, own: V, before: V, boost: number): V =>
  net.add(own, net.scale(net.scaleGradient(before, 0), boost));

/** The scales of an image, the finest first. */
function firstLayer<V>(net: Net<V>, images: V, { stem, channels, factors }: MsdNetShape): readonly V[] {
  const [finest, ...others] = factors.map((factor) => channels * factor);
  let x: V;
  if (stem === 'imagenet') {
    x = net.conv('stem.0.conv', images, { out: finest!, kernel: 7, stride: 2, bias: true });
    x = net.maxPool(net.relu(net.batchNorm('stem.0.bn', x)), { kernel: 3, stride: 2, pad: 1 });
  } else {
    x = basic(net, 'stem.0', images, { out: finest!, kernel: 3 });
  }
  const scales = [x];
  for (const [s, out] of others.entries()) {
    x = basic(net, `stem.${s + 1}`, x, { out, kernel: 3, stride: 2 });
    scales.push(x);
  }
  return scales;
}

/** Every scale that is kept gets `growth` channels more: half of them from the finer scale, where there is one. */
function layer<V>(
  net: Net<V>,
  name: string,
  scales: readonly V[],
  kept: number,
  width: number,
  { factors, bottlenecks, growth }: MsdNetShape,
): readonly V[] {
  const offset = factors.length - kept;
  const dropped = scales.length - kept;
  return factors.slice(offset).map((factor, s) => {
    const scale = offset + s;
    const x = scales[dropped + s]!;
    const finer = scales[dropped + s - 1];
    const from = (of: V, at: number, part: string, out: number, stride: number): V => {
      const inner = Math.min(width * factors[at]!, bottlenecks[at]! * out);
      const y = basic(net, `${name}.${scale}.${part}.0`, of, { out: inner, kernel: 1 });
      return basic(net, `${name}.${scale}.${part}.1`, y, { out, kernel: 3, stride });
    };
    const out = growth * factor;
    if (finer === undefined) return net.concat([x, from(x, scale, 'normal', out, 1)]);
    const half = Math.floor(out / 2);
    return net.concat([x, from(finer, scale - 1, 'down', half, 2), from(x, scale, 'normal', half, 1)]);
  });
}

function exit<V>(net: Net<V>, name: string, x: V, { exitWidth }: MsdNetShape, classes: number): V {
  const out = exitWidth ?? net.shape(x).at(-1)!;
  let y = basic(net, `${name}.0`, x, { out, kernel: 3, stride: 2 });
  y = basic(net, `${name}.1`, y, { out, kernel: 3, stride: 2 });
  return net.dense(`${name}.fc`, net.globalAveragePool(y), { out: classes });
}

const basic = <V>(
  net: Net<V>,
  name: string,
  x: V,
  options: { readonly out: number; readonly kernel: number; readonly stride?: number },
): V => net.relu(net.batchNorm(`${name}.bn`, net.conv(`${name}.conv`, x, options)));
