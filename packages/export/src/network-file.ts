// An exported network: one safetensors file with PyTorch's names and layout, and in its metadata everything
// that is needed to use it, so that nobody has to know which run it came from (Node only).

import {
  type Architecture,
  assertFinite,
  assertFloats,
  assertSameShapes,
  compareShapes,
  fromTorchLayout,
  type HostTensor,
  type Installed,
  MaNetError,
  type Network,
  type Params,
  type ParameterSpec,
  readParams,
  resolvePart,
  torchShape,
  uploadParams,
} from '@ma-net/core';
import { readSafetensors, writeSafetensors } from '@ma-net/core/node';
import { fromPyTorch, toPyTorch } from '@ma-net/tnet';
import { type NetworkFacts, parseFacts, toMetadata } from './network-facts.ts';
import { PLAN, packPlan } from './packed-plan.ts';

const FORMAT = '2';
const FORMATS = ['1', FORMAT];

/** A network with its weights and running statistics. */
export interface TrainedNetwork {
  readonly network: Network;
  readonly params: Params;
  readonly stats: Params;
}

/** Writes a network so that PyTorch and `loadNetwork` can read it, atomically. Borrows the tensors. */
export async function saveNetwork(
  path: string,
  { network, params, stats }: TrainedNetwork,
  facts: NetworkFacts,
): Promise<void> {
  const host = await readParams({ ...params, ...stats });
  const packed = facts.plan === undefined ? undefined : packPlan(facts.plan);
  const tensors = toPyTorch(network, host);
  if (packed !== undefined) tensors[PLAN] = packed.tensor;
  await writeSafetensors(path, tensors, {
    format: 'pt', // what loaders of PyTorch checkpoints ask for
    'ma-net.network': FORMAT,
    ...toMetadata(packed === undefined ? facts : { ...facts, plan: packed.plan }),
  });
}

export interface LoadOptions {
  /** The network of the file, for one that no part builds; of the widths before any compaction, or of the file's. */
  readonly network?: Network;
  /** Packages whose parts the file may name; the networks of the zoo unless given. */
  readonly installed?: Installed;
}

/**
 * Reads what `saveNetwork` wrote and builds the network with the widths of the file. The caller owns the
 * tensors. Throws `not-found`, `bad-file`, `non-finite`, `unknown-name` for a part that is not installed, or
 * `network-mismatch` with the differing names and shapes.
 */
export async function loadNetwork(
  path: string,
  options: LoadOptions = {},
): Promise<TrainedNetwork & { readonly facts: NetworkFacts }> {
  const { tensors, metadata } = await readSafetensors(path);
  const format = metadata['ma-net.network'];
  if (format === undefined || !FORMATS.includes(format)) {
    throw new MaNetError(
      'bad-file',
      `This is not an exported network of format ${FORMATS.join(' or ')}: found ${format ?? 'none'}.`,
      { where: path, hint: 'pass a file that "manet prune" or "manet export" wrote, or a run directory.' },
    );
  }
  assertFinite(tensors, path, 'export it again from a run whose weights are numbers.');
  const facts = parseFacts(metadata, path, tensors[PLAN]);
  const original = options.network ?? (await build(facts, options.installed ?? zooOnly, path));
  const named = fromPyTorch(original, tensors).tensors;
  assertFloats(named, path);
  const network = resizedTo(original, named, path);
  const host = fromTorchLayout(network.parameters, named);
  const statistics = new Set(network.statistics.map((s) => s.name));
  const part = (inStats: boolean): Record<string, HostTensor> =>
    Object.fromEntries(Object.entries(host).filter(([tensor]) => statistics.has(tensor) === inStats));
  return { network, params: uploadParams(part(false)), stats: uploadParams(part(true)), facts };
}

const zooOnly: Installed = { packages: ['@ma-net/tnet'], load: () => import('@ma-net/tnet/parts') };

/** The network that a file names, as it was before any compaction. */
async function build(facts: NetworkFacts, installed: Installed, path: string): Promise<Network> {
  if (facts.network === undefined) {
    throw new MaNetError('bad-argument', 'The file does not say what builds its network.', {
      where: path,
      hint: "it is a network of somebody's own: pass it, as loadNetwork(path, { network }).",
    });
  }
  const { open } = await resolvePart(facts.network, 'network', installed, `${path}, network`);
  return ((await open()) as Architecture)(facts, { fresh: false });
}

/** The network with the widths of a file's tensors, once all their names and shapes are known to fit. */
function resizedTo(original: Network, tensors: Readonly<Record<string, HostTensor>>, where: string): Network {
  const found = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  const hint = `the file says it is a ${original.name}; export the network again.`;
  const unnamed = compareShapes(torchShapes(original), found).filter(
    ({ expected, found: f }) => expected === undefined || f === undefined || expected.length !== f.length,
  );
  if (unnamed.length > 0) assertSameShapes(torchShapes(original), found, where, hint);
  const widths = original.parameters.map(({ name, kind, shape }) => [
    name,
    ourShape(kind, shape, found[name]!),
  ]);
  const network = tryResize(original, Object.fromEntries(widths) as Record<string, readonly number[]>, () =>
    assertSameShapes(torchShapes(original), found, where, hint),
  );
  assertSameShapes(torchShapes(network), found, where, hint);
  return network;
}

/** Widths that no network can have (two paths of a block that differ) are told as differences to the original. */
function tryResize(
  original: Network,
  shapes: Readonly<Record<string, readonly number[]>>,
  refuse: () => void,
): Network {
  try {
    return original.resized(shapes);
  } catch (error) {
    refuse();
    throw error;
  }
}

function torchShapes({ parameters, statistics }: Network): Record<string, readonly number[]> {
  return Object.fromEntries([
    ...parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)]),
    ...statistics.map(({ name, shape }) => [name, shape]),
  ]) as Record<string, readonly number[]>;
}

/** Our shape of a tensor in PyTorch's layout; of a depthwise kernel [I M, 1, H, W] the multiplier is the spec's. */
function ourShape(
  kind: ParameterSpec['kind'],
  spec: readonly number[],
  torch: readonly number[],
): readonly number[] {
  const [a, b, c, d] = torch as readonly [number, number, number, number];
  if (kind === 'conv') return [c, d, b, a];
  if (kind === 'dense') return [b, a];
  if (kind === 'depthwise') return [c, d, a / spec[3]!, spec[3]!];
  return torch;
}
