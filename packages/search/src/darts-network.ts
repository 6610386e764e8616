// The network that a genotype of the DARTS space is judged by: many cells of it, one after the other. Liu et al. 2019
// (arXiv:1806.09055), section 3.2. Parameters have the names of the authors' code.

import { defineNetwork, type Network, type Program } from '@ma-net/core';
import {
  type Choice,
  DARTS_NODES,
  type DartsGenotype,
  OPERATIONS_OF_A_NODE,
  parseGenotype,
} from './genotype.ts';
import { convolved, halved, type Making, operation } from './operations.ts';

export interface DartsShape {
  /** What each cell is: a genotype, its text, or the name of a published one. */
  readonly genotype: unknown;
  /** Channels of the operations in the first cell; 36 unless given. Cells that halve the image double them. */
  readonly channels?: number;
  /** Cells; 20 unless given. Those after a third and two thirds of them halve the image. */
  readonly layers?: number;
  /** `cifar`: a 3x3 convolution; `imagenet`: three of them, which make an eighth of the sides. `cifar` unless given. */
  readonly stem?: 'cifar' | 'imagenet';
  /**
   * Whether it has a second classifier after two thirds of the cells (Szegedy et al. 2015), which a method may train as
   * well; its logits are the value `auxiliary`. Made for 8 x 8 (`cifar`) or 7 x 7 positions.
   */
  readonly auxiliary?: boolean;
  /** Part of the branches that a cell drops while training, at the end of the run; it grows linearly from none. */
  readonly dropPath?: number;
}

export interface ImageOptions {
  readonly numClasses: number;
  /** [height, width, channels] of one image; each network has a default. */
  readonly inputShape?: readonly [number, number, number];
}

const STEM_WIDTH = 3;

/**
 * A network of DARTS cells with a fully connected classifier on pooled features. Throws what `parseGenotype` throws, and
 * `shape-mismatch` for images that cannot be halved.
 */
export function dartsNetwork(
  name: string,
  { genotype: given, ...shape }: DartsShape,
  { numClasses, inputShape }: ImageOptions,
): Network<'images', 'logits'> {
  const genotype = parseGenotype(given, 'darts') as DartsGenotype;
  const { channels = 36, layers = 20, stem = 'cifar', auxiliary = false, dropPath = 0 } = shape;
  const program: Program = (net, { images }) => {
    const making = { net, affine: true };
    const { before, last, halvedLast } = stemmed(making, stem, images, channels);
    const cells = stacked({
      making,
      first: { before, last, halvedLast },
      channels,
      layers,
      cell: (at) => ({ choices: at.reduces ? genotype.reduce : genotype.normal, dropPath }),
    });
    const logits = net.dense('classifier', net.globalAveragePool(cells.at(-1)!), { out: numClasses });
    if (!auxiliary) return { logits };
    const second = auxiliaryHead(making, cells[Math.floor((2 * layers) / 3)]!, stem, numClasses);
    return { logits, auxiliary: second };
  };
  const side = stem === 'imagenet' ? 224 : 32;
  return defineNetwork(name, { images: inputShape ?? [side, side, 3] }, program, { outputs: ['logits'] });
}

interface Stem<V> {
  readonly before: V;
  readonly last: V;
  /** Whether `last` has half the sides of `before`. */
  readonly halvedLast: boolean;
}

/** What the first cell reads. */
export function stemmed<V>(
  { net }: Making<V>,
  stem: 'cifar' | 'imagenet',
  images: V,
  channels: number,
): Stem<V> {
  if (stem === 'cifar') {
    const x = net.batchNorm('stem.1', net.conv('stem.0', images, { out: STEM_WIDTH * channels, kernel: 3 }));
    return { before: x, last: x, halvedLast: false };
  }
  const half = Math.floor(channels / 2);
  let x = net.conv('stem0.0', images, { out: half, kernel: 3, stride: 2 });
  x = net.relu(net.batchNorm('stem0.1', x));
  const before = net.batchNorm('stem0.4', net.conv('stem0.3', x, { out: channels, kernel: 3, stride: 2 }));
  x = net.conv('stem1.1', net.relu(before), { out: channels, kernel: 3, stride: 2 });
  return { before, last: net.batchNorm('stem1.2', x), halvedLast: true };
}

/** Where a cell stands. */
export interface CellPlace {
  readonly index: number;
  readonly reduces: boolean;
  readonly channels: number;
}

/** Which cells halve the image: those after a third and two thirds of `layers`. */
export const reducesAt = (index: number, layers: number): boolean =>
  index === Math.floor(layers / 3) || index === Math.floor((2 * layers) / 3);

/** Cells one after the other, each reading the two before it. */
export function stacked<V>({
  making,
  first,
  channels,
  layers,
  cell,
}: {
  readonly making: Making<V>;
  readonly first: Stem<V>;
  readonly channels: number;
  readonly layers: number;
  readonly cell: (at: CellPlace) => Chosen | ((inputs: readonly [V, V], name: string, at: CellPlace) => V);
}): readonly V[] {
  let { before, last, halvedLast } = first;
  let width = channels;
  return Array.from({ length: layers }, (_, index) => {
    const reduces = reducesAt(index, layers);
    if (reduces) width *= 2;
    const at = { index, reduces, channels: width };
    const name = `cells.${index}`;
    const place = { channels: width, stride: 1 } as const;
    const prepared = [
      halvedLast
        ? halved(making, before, { name: `${name}.preprocess0`, ...place })
        : convolved(making, 1, before, { name: `${name}.preprocess0`, ...place }),
      convolved(making, 1, last, { name: `${name}.preprocess1`, ...place }),
    ] as const;
    const how = cell(at);
    const made =
      typeof how === 'function' ? how(prepared, name, at) : chosenCell(making, how, prepared, name, at);
    [before, last, halvedLast] = [last, made, reduces];
    return made;
  });
}

interface Chosen {
  readonly choices: readonly Choice[];
  readonly dropPath: number;
}

/** A cell of chosen operations: its nodes, one after the other, joined along the channels. */
function chosenCell<V>(
  making: Making<V>,
  { choices, dropPath }: Chosen,
  inputs: readonly [V, V],
  name: string,
  { reduces, channels }: CellPlace,
): V {
  const { net } = making;
  const nodes: V[] = [...inputs];
  for (let node = 0; node < DARTS_NODES; node++) {
    const branches = [0, 1].map((branch) => {
      const i = node * OPERATIONS_OF_A_NODE + branch;
      const [op, from] = choices[i]!;
      const stride = reduces && from < 2 ? 2 : 1;
      const layer = `${name}._ops.${i}`;
      const y = operation(making, op, nodes[from]!, { name: layer, channels, stride });
      const passes = op === 'skip_connect' && stride === 1;
      return passes || dropPath === 0 ? y : net.dropPath(layer, y, { rate: dropPath, ramp: true });
    });
    nodes.push(net.add(branches[0]!, branches[1]!));
  }
  return net.concat(nodes.slice(2));
}

function auxiliaryHead<V>({ net }: Making<V>, x: V, stem: 'cifar' | 'imagenet', numClasses: number): V {
  const layer = 'auxiliary_head.features';
  let y = net.avgPool(net.relu(x), { kernel: 5, stride: stem === 'cifar' ? 3 : 2 });
  y = net.relu(net.batchNorm(`${layer}.3`, net.conv(`${layer}.2`, y, { out: 128, kernel: 1 })));
  y = net.conv(`${layer}.5`, y, { out: 768, kernel: 2, pad: 0 });
  // The authors' network for ImageNet is without this one.
  if (stem === 'cifar') y = net.batchNorm(`${layer}.6`, y);
  return net.dense('auxiliary_head.classifier', net.flatten(net.relu(y)), { out: numClasses });
}
