// Detectors that start from weights: of a classifier, for what they see with, or of a whole detector of another library.

import {
  assertFloats,
  assertSameShapes,
  fromTorchLayout,
  type HostTensor,
  MaNetError,
  type Network,
  named,
  torchShape,
} from '@ma-net/core';
import {
  type Formats,
  fromPyTorch,
  type HostTensors,
  startingFrom,
  type WeightReport,
  withWeights,
} from '@ma-net/tnet';
import { BODY } from './backbone.ts';

/** `names` of detectron2 and AdelaiDet for a body and a pyramid whose finest level is P<first>, of `maps` maps. */
export function detectron2Backbone(first: number, maps: number): readonly (readonly [string, string])[] {
  const body = [1, 2, 3, 4].flatMap((stage): [string, string][] => {
    const [ours, theirs] = [`${BODY}layer${stage}.*.`, `backbone.bottom_up.res${stage + 1}.*.`];
    return [
      // Norms lie within their convolutions there, so that theirs go first.
      ...[1, 2, 3].map((n): [string, string] => [`${ours}bn${n}.**`, `${theirs}conv${n}.norm.**`]),
      [`${ours}downsample.1.**`, `${theirs}shortcut.norm.**`],
      ...[1, 2, 3].map((n): [string, string] => [`${ours}conv${n}.**`, `${theirs}conv${n}.**`]),
      [`${ours}downsample.0.**`, `${theirs}shortcut.**`],
    ];
  });
  const levels = Array.from({ length: maps }, (_, i): [string, string][] => [
    [`backbone.fpn.inner_blocks.${i}.0.**`, `backbone.fpn_lateral${first + i}.**`],
    [`backbone.fpn.layer_blocks.${i}.0.**`, `backbone.fpn_output${first + i}.**`],
  ]);
  return [
    [`${BODY}bn1.**`, 'backbone.bottom_up.stem.conv1.norm.**'],
    [`${BODY}conv1.**`, 'backbone.bottom_up.stem.conv1.**'],
    ...body,
    ...levels.flat(),
    ['backbone.fpn.extra_blocks.*.**', 'backbone.top_block.*.**'],
  ];
}

/** Names of a body alone, behind whatever prefix: torchvision's, which are ours and most others', and detectron2's. */
const BODY_FORMATS: Formats = {
  torchvision: { renamed: [], fused: [], ignored: ['.num_batches_tracked'] },
  detectron2: {
    renamed: detectron2Backbone(2, 4).flatMap(([ours, theirs]) =>
      ours.startsWith(BODY) ? [[ours.slice(BODY.length), theirs] as const] : [],
    ),
    fused: [],
    ignored: ['.num_batches_tracked'],
  },
};

/** A network that starts from weights, and what was taken from their file. */
export interface StartedDetector<I extends string, O extends string> {
  readonly network: Network<I, O>;
  readonly report: WeightReport;
}

/**
 * The network, started from a whole detector of its kind, with names of `formats`; a predictor of another list of classes
 * starts afresh. Throws `network-mismatch` for another detector, and says how to take its body alone where that fits.
 */
export function withDetector<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where: string | undefined,
  formats: Formats,
): StartedDetector<I, O> {
  try {
    return withWeights(network, file, where, formats);
  } catch (error) {
    if (!(error instanceof MaNetError) || error.code !== 'network-mismatch' || !fitsBody(network, file))
      throw error;
    const [problem] = error.message.split('\n  at ', 1);
    throw new MaNetError(error.code, problem!, {
      ...(error.where === undefined ? {} : { where: error.where }),
      hint: `what it sees with fits: set network.take=body to start from that alone. Or ${error.hint!}`,
      cause: error,
    });
  }
}

function fitsBody<I extends string, O extends string>(network: Network<I, O>, file: HostTensors): boolean {
  try {
    withBody(network, file);
    return true;
  } catch {
    return false;
  }
}

/**
 * The network, whose body starts from the weights of a classifier, or of any detector on such a body: the rest of the file
 * is left out, and everything beside the body starts afresh. A body that was pruned keeps the widths that it was left with.
 * `file` has torchvision's names, as what `manet prune` writes has, or detectron2's. Throws `network-mismatch` where the
 * file has another architecture.
 */
export function withBody<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where = 'a weight file',
  formats: Formats = BODY_FORMATS,
): StartedDetector<I, O> {
  const body = bodyOf(network);
  const read = fromPyTorch(body, file, formats);
  const foreign = read.differences.filter((d) => d.expected === undefined && isOfBody(body, d.name));
  const missing = read.differences.filter((d) => d.found === undefined);
  if (missing.length > 0 || foreign.length > 0) throw anotherBody(network, missing, foreign, where);
  const kept = named(
    [...body.parameters, ...body.statistics].map(({ name }) => [name, read.tensors[name]!] as const),
  );
  assertFloats(kept, where);
  const resized = withWidths(network, body, kept, where);
  const tensors = fromTorchLayout(bodyOf(resized).parameters, kept);
  const named_ = Object.entries(tensors).map(([name, tensor]) => [BODY + name, tensor] as const);
  const loaded = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return {
    network: startingFrom(resized, named(named_)),
    report: {
      format: read.format,
      loaded,
      replaced: [],
      renamed: read.renamed,
      leftOut: [
        ...read.leftOut,
        ...read.differences.filter((d) => d.expected === undefined).map((d) => d.name),
      ],
      converted: [...new Set(Object.values(tensors).flatMap(({ stored }) => stored ?? []))].toSorted(),
      verified: false,
    },
  };
}

/** The body alone, without the prefix of its names: enough of a network to read its weights. */
function bodyOf<I extends string, O extends string>(network: Network<I, O>): Network {
  const within = <T extends { readonly name: string }>(specs: readonly T[]): T[] =>
    specs
      .filter(({ name }) => name.startsWith(BODY))
      .map((spec) => ({ ...spec, name: spec.name.slice(BODY.length) }));
  return {
    ...(network as unknown as Network),
    parameters: within(network.parameters),
    statistics: within(network.statistics),
  };
}

/** Whether a name is that of a layer of the body that the network does not have: a deeper stage, another block. */
function isOfBody(body: Network, name: string): boolean {
  const firsts = new Set(body.parameters.map((p) => p.name.split('.')[0]));
  return firsts.has(name.split('.')[0]!) || /^(layer\d|features|encoder|blocks|stages)/.test(name);
}

/** The network with the widths that a file's body has. */
function withWidths<I extends string, O extends string>(
  network: Network<I, O>,
  body: Network,
  file: Readonly<Record<string, HostTensor>>,
  where: string,
): Network<I, O> {
  const shapesOf = (of: Network): Record<string, readonly number[]> =>
    named([
      ...of.parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)] as const),
      ...of.statistics.map(({ name, shape }) => [name, shape] as const),
    ]);
  const found = named(Object.entries(file).map(([name, { shape }]) => [name, shape] as const));
  const expected = shapesOf(body);
  if (Object.keys(expected).every((name) => expected[name]!.join() === found[name]!.join())) return network;
  const hint = 'give the network the body of the file, or pass the weights of this one.';
  const widths = body.parameters.map(({ name, kind, shape }) => {
    const [a, b, c, d] = found[name] as readonly [number, number, number, number];
    return [BODY + name, kind === 'conv' && d !== undefined ? [c, d, b, a] : shape] as const;
  });
  const resized = tryResized(network, named(widths));
  assertSameShapes(shapesOf(resized === undefined ? body : bodyOf(resized)), found, where, hint);
  return resized!;
}

/** Undefined for widths that no network can have: two paths of a block that differ. */
function tryResized<I extends string, O extends string>(
  network: Network<I, O>,
  shapes: Readonly<Record<string, readonly number[]>>,
): Network<I, O> | undefined {
  try {
    return network.resized(shapes);
  } catch (error) {
    if (error instanceof MaNetError) return undefined;
    throw error;
  }
}

function anotherBody(
  { name }: Pick<Network<never, never>, 'name'>,
  missing: readonly { readonly name: string }[],
  foreign: readonly { readonly name: string }[],
  where: string,
): MaNetError {
  const some = (list: readonly { readonly name: string }[], what: string): string[] =>
    list.length === 0
      ? []
      : [
          `  ${list.length} ${what}: ${list
            .slice(0, 3)
            .map((d) => d.name)
            .join(', ')}${list.length > 3 ? ', ...' : ''}`,
        ];
  const lines = [...some(missing, 'missing'), ...some(foreign, 'that it has no place for')];
  return new MaNetError(
    'network-mismatch',
    [`The weights do not belong to what ${name} sees with. Nothing was loaded.`, ...lines].join('\n'),
    {
      where,
      hint: 'pass the weights of a residual network of the same block and depths.',
    },
  );
}
