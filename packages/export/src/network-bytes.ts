// An exported network in memory: a safetensors file with PyTorch's names and layout, and in its metadata everything
// that is needed to use it, so that nobody has to know which run it came from.

import {
  type Architecture,
  assertFinite,
  assertFloats,
  assertSameShapes,
  compareShapes,
  decodeSafetensors,
  encodeSafetensors,
  fromTorchLayout,
  type HostTensor,
  type Installed,
  MaNetError,
  type Network,
  type Params,
  type ParameterSpec,
  readParams,
  resolvePart,
  type Safetensors,
  torchShape,
  uploadParams,
} from '@ma-net/core';
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

/** What the file of a network holds. Borrows the tensors. */
export async function networkTensors(
  { network, params, stats }: TrainedNetwork,
  facts: NetworkFacts,
): Promise<Omit<Safetensors, 'verified'>> {
  const host = await readParams({ ...params, ...stats });
  const packed = facts.plan === undefined ? undefined : packPlan(facts.plan);
  const tensors = toPyTorch(network, host);
  if (packed !== undefined) tensors[PLAN] = packed.tensor;
  const metadata = {
    format: 'pt', // what loaders of PyTorch checkpoints ask for
    'ma-net.network': FORMAT,
    ...toMetadata(packed === undefined ? facts : { ...facts, plan: packed.plan }),
  };
  return { tensors, metadata };
}

/** The bytes of the file that `saveNetwork` writes. Borrows the tensors. Throws `out-of-memory`. */
export async function encodeNetwork(network: TrainedNetwork, facts: NetworkFacts): Promise<Uint8Array> {
  const { tensors, metadata } = await networkTensors(network, facts);
  return encodeSafetensors(tensors, metadata);
}

export interface LoadOptions {
  /** The network of the file, for one that no part builds; of the widths before any compaction, or of the file's. */
  readonly network?: Network;
  /** Packages whose parts the file may name; the networks of the zoo unless given. */
  readonly installed?: Installed;
}

/** The network in the bytes of a file; `where` names them in errors. Throws what `loadNetwork` throws of a file that is there. */
export async function decodeNetwork(
  bytes: Uint8Array,
  options: LoadOptions = {},
  where = 'a network in memory',
): Promise<TrainedNetwork & { readonly facts: NetworkFacts }> {
  return networkOf(decodeSafetensors(bytes, where), options, where);
}

/** The network of what a file holds. Throws `bad-file`, `non-finite`, `unknown-name` or `network-mismatch`. */
export async function networkOf(
  { tensors, metadata }: Pick<Safetensors, 'tensors' | 'metadata'>,
  options: LoadOptions,
  where: string,
): Promise<TrainedNetwork & { readonly facts: NetworkFacts }> {
  const format = metadata['ma-net.network'];
  if (format === undefined || !FORMATS.includes(format)) {
    throw new MaNetError(
      'bad-file',
      `This is not an exported network of format ${FORMATS.join(' or ')}: found ${format ?? 'none'}.`,
      { where, hint: 'pass a file that "manet prune" or "manet export" wrote, or a run directory.' },
    );
  }
  assertFinite(tensors, where, 'export it again from a run whose weights are numbers.');
  const facts = parseFacts(metadata, where, tensors[PLAN]);
  const original = options.network ?? (await build(facts, options.installed ?? zooOnly, where));
  const named = fromPyTorch(original, tensors).tensors;
  assertFloats(named, where);
  const network = resizedTo(original, named, where);
  const host = fromTorchLayout(network.parameters, named);
  const statistics = new Set(network.statistics.map((s) => s.name));
  const part = (inStats: boolean): Record<string, HostTensor> =>
    Object.fromEntries(Object.entries(host).filter(([tensor]) => statistics.has(tensor) === inStats));
  return { network, params: uploadParams(part(false)), stats: uploadParams(part(true)), facts };
}

const zooOnly: Installed = { packages: ['@ma-net/tnet'], load: () => import('@ma-net/tnet/parts') };

/** The network that a file names, as it was before any compaction. */
async function build(facts: NetworkFacts, installed: Installed, where: string): Promise<Network> {
  if (facts.network === undefined) {
    throw new MaNetError('bad-argument', 'The file does not say what builds its network.', {
      where,
      hint: "it is a network of somebody's own: pass it, as loadNetwork(path, { network }).",
    });
  }
  const { open } = await resolvePart(facts.network, 'network', installed, `${where}, network`);
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
