// The network of a cell of NAS-Bench-201. Dong & Yang 2020 (arXiv:2001.00326), section 2.1. Parameters have the names of
// the authors' code.

import { defineNetwork, type Network, type Program } from '@ma-net/core';
import type { ImageOptions } from './darts-network.ts';
import { type NasBench201Genotype, parseGenotype } from './genotype.ts';
import { convolved, type Making, operation, type OperationName } from './operations.ts';

export interface NasBench201Shape {
  /** What each cell is: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`. */
  readonly genotype: unknown;
  /** Channels of the first stage; 16 unless given. The two later ones double them. */
  readonly channels?: number;
  /** Cells of each of the three stages; 5 unless given. */
  readonly cells?: number;
}

/** Nodes of a cell, its input first. */
const NODES = 4;

/** Three stages of equal cells with a residual block between them. Throws what `parseGenotype` throws. */
export function nasBench201Network(
  name: string,
  { genotype: given, channels = 16, cells = 5 }: NasBench201Shape,
  { numClasses, inputShape = [32, 32, 3] }: ImageOptions,
): Network<'images', 'logits'> {
  const { cell } = parseGenotype(given, 'nas-bench-201') as NasBench201Genotype;
  const program: Program = (net, { images }) => {
    const making = { net, affine: true };
    const logits = stages(making, images, { channels, cells, numClasses }, (x, layer) =>
      nasBench201Cell(making, cell, x, layer),
    );
    return { logits };
  };
  return defineNetwork(name, { images: inputShape }, program, { outputs: ['logits'] });
}

/** Stem, stages and classifier, of any cells. */
export function stages<V>(
  making: Making<V>,
  images: V,
  {
    channels,
    cells,
    numClasses,
  }: { readonly channels: number; readonly cells: number; readonly numClasses: number },
  cellOf: (x: V, layer: string) => V,
): V {
  const { net } = making;
  let x = net.batchNorm('stem.1', net.conv('stem.0', images, { out: channels, kernel: 3 }));
  let index = 0;
  for (const [stage, width] of [channels, 2 * channels, 4 * channels].entries()) {
    if (stage > 0) x = residualBlock({ net, affine: true }, x, `cells.${index++}`, width);
    for (let i = 0; i < cells; i++) x = cellOf(x, `cells.${index++}`);
  }
  const last = net.relu(net.batchNorm('lastact.0', x));
  return net.dense('classifier', net.globalAveragePool(last), { out: numClasses });
}

/** Every node is the sum of what the operations make of the nodes before it. */
export function nasBench201Cell<V>(
  making: Making<V>,
  cell: readonly OperationName[],
  input: V,
  name: string,
): V {
  const { net } = making;
  const channels = net.shape(input).at(-1)!;
  const nodes = [input];
  for (let node = 1, edge = 0; node < NODES; node++) {
    const sums: V[] = [];
    for (let from = 0; from < node; from++, edge++) {
      const op = cell[edge]!;
      if (op === 'none') continue;
      sums.push(operation(making, op, nodes[from]!, { name: `${name}.layers.${edge}`, channels, stride: 1 }));
    }
    const [first, ...others] = sums;
    const none = (): V => operation(making, 'none', input, { name: '', channels, stride: 1 });
    nodes.push(others.reduce((sum, x) => net.add(sum, x), first ?? none()));
  }
  return nodes.at(-1)!;
}

/** Half the image, twice the channels: two 3x3 convolutions beside a pooled 1x1. */
function residualBlock<V>(making: Making<V>, x: V, name: string, channels: number): V {
  const { net } = making;
  let y = convolved(making, 3, x, { name: `${name}.conv_a`, channels, stride: 2 });
  y = convolved(making, 3, y, { name: `${name}.conv_b`, channels, stride: 1 });
  const pooled = net.avgPool(x, { kernel: 2, stride: 2 });
  return net.add(y, net.conv(`${name}.downsample.1`, pooled, { out: channels, kernel: 1 }));
}
