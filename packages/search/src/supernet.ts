// The network that holds all networks of a space: every edge is a weighted sum of all operations. Liu et al. 2019
// (arXiv:1806.09055), section 2.2. Parameters have the names of the authors' code.

import { defineNetwork, MaNetError, type Net, type Network, type Program } from '@ma-net/core';
import { type Budget, budgetOf, type Limits, unlimited } from './budget.ts';
import { dartsNetwork, type ImageOptions, stacked, stemmed } from './darts-network.ts';
import { type Genotype, genotypeJson, type SpaceName } from './genotype.ts';
import { part, shuffle } from './layers/channels.ts';
import { weigh } from './layers/weigh.ts';
import { nasBench201Network, stages } from './nas-bench-201-network.ts';
import { type Making, operation } from './operations.ts';
import { type Path, type Space, spaceOf, weightsName } from './space.ts';

export interface SupernetShape {
  readonly space: SpaceName;
  /** Channels of the first cell; 16 unless given. */
  readonly channels?: number;
  /** Cells of DARTS, 8 unless given; cells of each stage of NAS-Bench-201, 5 unless given. */
  readonly layers?: number;
  /** Of DARTS: whether an edge may choose nothing. */
  readonly none?: boolean;
  /** Of DARTS: operations see one of so many parts of the channels, the others pass; 1 unless given. */
  readonly partial?: number;
  /** Of DARTS: whether pooling is normalised; it is unless given. */
  readonly poolNorm?: boolean;
  /** What may be found in it; any network unless given. */
  readonly budget?: SearchLimits;
}

/** Limits of networks that have the sizes of the supernet, or others. */
export interface SearchLimits extends Limits {
  readonly channels?: number;
  readonly layers?: number;
}

/** A supernet: beside its own parameters it is given `weights.<cell>` [edges, operations]. */
export interface Supernet extends Network<'images', 'logits'> {
  readonly space: Space;
  /** Number of cells; their outputs are the values `cells.0`, `cells.1`, ... */
  readonly cells: number;
  /** Which networks may be found. */
  readonly budget: Budget;
  /** The network of one operation an edge, with the same names. */
  path(path: Path): Network;
}

/**
 * Builds the supernet of a space. Throws `shape-mismatch` for images that cannot be halved, and `bad-argument` for a budget that
 * no network of the space meets.
 */
export function supernet(name: string, shape: SupernetShape, images: ImageOptions): Supernet {
  const { space: spaceName, none = false, channels = 16 } = shape;
  const space = spaceOf(spaceName, { none });
  const layers = shape.layers ?? (spaceName === 'darts' ? 8 : 5);
  const inputShape = images.inputShape ?? [32, 32, 3];
  const built = (path?: Path): Network<'images', 'logits'> => {
    const program: Program = (net, { images: x }) => {
      const cells: unknown[] = [];
      const edges: Edges = { net: net as Net<unknown>, space, ...(path === undefined ? {} : { path }) };
      const size = { channels, layers, numClasses: images.numClasses };
      const made = { ...shape, ...size };
      const logits =
        spaceName === 'darts' ? dartsSupernet(edges, made, x, cells) : benchSupernet(edges, made, x, cells);
      return { logits, ...Object.fromEntries(cells.map((cell, i) => [`cells.${i}`, cell])) } as never;
    };
    return defineNetwork(name, { images: inputShape }, program, { outputs: ['logits'] });
  };
  const { budget: limits } = shape;
  const budget =
    limits === undefined
      ? unlimited
      : budgetOf(space, limits, (genotype) =>
          foundNetwork(genotype, { channels, layers, ...limits }, images),
        );
  const paths = new Map<string, Network>();
  const network = built();
  const cells = network.values.filter((value) => value.name.startsWith('cells.')).length;
  return {
    ...network,
    space,
    cells,
    budget,
    path(path) {
      const key = JSON.stringify(path);
      const known = paths.get(key);
      if (known !== undefined) return known;
      // Compiled graphs are kept by whoever compiles them; these are only descriptions.
      if (paths.size >= KEPT_PATHS) paths.clear();
      const one = built(path);
      paths.set(key, one);
      return one;
    },
  };
}

const KEPT_PATHS = 256;

/** The network of a genotype, as it is trained. */
function foundNetwork(
  found: Genotype,
  { channels, layers }: { readonly channels: number; readonly layers: number },
  images: ImageOptions,
): Network {
  const genotype = genotypeJson(found);
  return found.space === 'darts'
    ? dartsNetwork('found', { genotype, channels, layers }, images)
    : nasBench201Network('found', { genotype, channels, cells: layers }, images);
}

/** The supernet that `network` is. Throws `network-mismatch` where it is none. */
export function supernetOf(network: Network): Supernet {
  if ('space' in network && 'path' in network) return network as Supernet;
  throw new MaNetError('network-mismatch', `"${network.name}" is no supernet: there is nothing to choose.`, {
    where: 'network',
    hint: 'choose @ma-net/search#supernet as the network of a search.',
  });
}

interface Edges {
  readonly net: Net<unknown>;
  readonly space: Space;
  readonly path?: Path;
}

interface Size extends SupernetShape {
  readonly channels: number;
  readonly layers: number;
  readonly numClasses: number;
}

/** What an edge makes of `x`: the weighted sum of all operations, or the one of the path; undefined where that has none. */
function edge<V>(
  { space, path }: Edges,
  making: Making<V>,
  x: V,
  at: {
    readonly cell: string;
    readonly edge: number;
    readonly name: string;
    readonly channels: number;
    readonly stride: 1 | 2;
  },
): V | undefined {
  const { net } = making;
  const chosen = path?.[at.cell]?.[at.edge];
  const columns = space.operations.flatMap((op, o) =>
    (chosen === undefined ? op !== 'none' : o === chosen && op !== 'none') ? [o] : [],
  );
  const values = columns.map((o) =>
    operation(making, space.operations[o]!, x, {
      name: `${at.name}.${o}`,
      channels: at.channels,
      stride: at.stride,
    }),
  );
  if (chosen !== undefined) return values[0];
  return net.apply(weigh, weightsName(at.cell), values, { edge: at.edge, columns });
}

/** The sum of what the edges that end in a node make; zeros where there are none. */
function summed<V>(making: Making<V>, values: readonly (V | undefined)[], zeros: () => V): V {
  const there = values.flatMap((value) => (value === undefined ? [] : [value as V]));
  if (there.length === 0) return zeros();
  return there.reduce((sum, x) => making.net.add(sum, x));
}

function dartsSupernet(
  edges: Edges,
  { channels, layers, numClasses, partial = 1, poolNorm = true }: Size,
  images: unknown,
  cells: unknown[],
): unknown {
  const { net, space } = edges;
  const making = { net, affine: false, poolNorm };
  const made = stacked({
    making,
    first: stemmed({ net, affine: true }, 'cifar', images, channels),
    channels,
    layers,
    cell:
      () =>
      (inputs, name, { reduces, channels: width }) => {
        const cell = reduces ? 'reduce' : 'normal';
        const nodes: unknown[] = [...inputs];
        for (const to of new Set(space.edges.map((one) => one.to))) {
          const values = space.edges.flatMap(({ from, to: end }, e) => {
            if (end !== to) return [];
            const stride = reduces && from < 2 ? 2 : 1;
            const at = {
              cell,
              edge: e,
              name: `${name}._ops.${e}._ops`,
              channels: width / partial,
              stride,
            } as const;
            const x = nodes[from];
            return [partial === 1 ? edge(edges, making, x, at) : partly(edges, making, x, at, partial)];
          });
          const zeros = (): unknown =>
            operation(making, 'none', nodes[0], { name: '', channels: width, stride: reduces ? 2 : 1 });
          nodes.push(summed(making, values, zeros));
        }
        return net.concat(nodes.slice(2));
      },
  });
  cells.push(...made);
  return net.dense('classifier', net.globalAveragePool(made.at(-1)!), { out: numClasses });
}

function partly(
  edges: Edges,
  making: Making<unknown>,
  x: unknown,
  at: Parameters<typeof edge>[3],
  parts: number,
): unknown {
  const { net } = making;
  const seen = edge(edges, making, net.apply(part, '', [x], { parts, take: 'first' }), at);
  if (seen === undefined) return undefined;
  const others = net.apply(part, '', [x], { parts, take: 'others' });
  const passed = at.stride === 1 ? others : net.maxPool(others, { kernel: 2, stride: 2 });
  return net.apply(shuffle, '', [net.concat([seen, passed])], { groups: parts });
}

function benchSupernet(
  edges: Edges,
  { channels, layers, numClasses }: Size,
  images: unknown,
  cells: unknown[],
): unknown {
  const { net, space } = edges;
  const making = { net, affine: false };
  return stages(making, images, { channels, cells: layers, numClasses }, (input, name) => {
    const width = net.shape(input).at(-1)!;
    const nodes = [input];
    for (const to of new Set(space.edges.map((one) => one.to))) {
      const values = space.edges.flatMap(({ from, to: end }, e) => {
        const at = {
          cell: 'cell',
          edge: e,
          name: `${name}.edges.${to}<-${from}`,
          channels: width,
          stride: 1,
        } as const;
        return end === to ? [edge(edges, making, nodes[from], at)] : [];
      });
      const zeros = (): unknown => operation(making, 'none', input, { name: '', channels: width, stride: 1 });
      nodes.push(summed(making, values, zeros));
    }
    cells.push(nodes.at(-1)!);
    return nodes.at(-1)!;
  });
}
