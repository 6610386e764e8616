// Weights in the names and layouts that PyTorch's libraries give them, and back.

import {
  compareShapes,
  excerpt,
  MaNetError,
  type Network,
  named,
  type ParamDifference,
  suggestion,
  torchShape,
  toTorchLayout,
} from '@ma-net/core';
import {
  type Format,
  fromOlder,
  type HostTensors,
  type Place,
  placeOf,
  theirName,
  toOurs,
  toTheirs,
} from './rules.ts';
import { swin } from './swin.ts';
import { vit } from './vit.ts';
import { prefixesOf, withinPrefix } from './wrappers.ts';

/** Our names are torchvision's wherever one tensor is one tensor, and timm shares them for convolutions. */
const asNamed: Format = {
  renamed: [],
  fused: [],
  ignored: ['.num_batches_tracked'],
  // Of DenseNet, before modules could no longer have dots in their names.
  older: ['norm', 'conv'].flatMap((kind) =>
    [1, 2].map((n): [string, string] => [`features.*.*.${kind}${n}.**`, `features.*.*.${kind}.${n}.**`]),
  ),
};

/** Ways to name the tensors of a network, by who names them so. */
export type Formats = Readonly<Record<string, Format>>;

/** The families whose files differ from ours, each known by a parameter that no other has. */
const families: readonly { readonly marker: string; readonly formats: Formats }[] = [
  { marker: 'encoder.pos_embedding', formats: vit },
  { marker: 'features.0.2.weight', formats: swin },
];

function formatsOf(network: Network): Formats {
  const known = families.find(({ marker }) => network.parameters.some((p) => p.name === marker));
  return known?.formats ?? { torchvision: asNamed, timm: asNamed };
}

/**
 * The tensors of a network as `format` ('torchvision' or 'timm') names them and PyTorch lays them out, so
 * that `load_state_dict` takes them. Throws `unknown-name` for another format.
 */
export function toPyTorch(
  network: Network,
  tensors: HostTensors,
  format = 'torchvision',
): Record<string, HostTensors[string]> {
  const formats = formatsOf(network);
  if (!Object.hasOwn(formats, format)) {
    throw new MaNetError('unknown-name', `${network.name} has no weight format called "${format}".`, {
      hint: suggestion(format, Object.keys(formats)),
    });
  }
  return toTheirs(formats[format]!, toTorchLayout(network.parameters, tensors));
}

/** Where `toPyTorch` puts each tensor of a network, and the shapes of all that it makes, in torchvision's format. */
export function torchNames(network: Network): {
  readonly places: Readonly<Record<string, Place>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
} {
  const format = formatsOf(network)['torchvision']!;
  const places = named<Place>();
  const shapes = named<readonly number[]>();
  for (const [ours, shape] of Object.entries(torchShapes(network))) {
    const place = placeOf(format, ours);
    places[ours] = place;
    const [rows = 0, ...rest] = shapes[place.name] ?? [];
    shapes[place.name] =
      place.parts === 1 ? shape : [rows + shape[0]!, ...(rows === 0 ? shape.slice(1) : rest)];
  }
  const empty = Object.entries(shapes).map(([name, shape]) => [name, { shape, ...NOTHING }] as const);
  const derived = Object.entries(format.derived?.(named<HostTensors[string]>(empty)) ?? {});
  for (const [name, { shape }] of derived) shapes[name] = shape;
  return { places, shapes };
}

const NOTHING = { dtype: 'float32', data: new Float32Array(0) } as const;

export interface FromPyTorch {
  /** The format that fits best. */
  readonly format: string;
  /** Our names, still in PyTorch's layout. */
  readonly tensors: HostTensors;
  /** What is missing, unexpected or of another shape, in PyTorch's layout. */
  readonly differences: readonly ParamDifference[];
  /** How names of the file were changed first, in words: a wrapper's prefix, names of older releases. */
  readonly renamed: readonly string[];
  /** Names in the file that are not the network's: the state of an optimiser, another network beside it. */
  readonly leftOut: readonly string[];
}

/**
 * Reads the tensors of a file in the format that leaves the fewest differences to the network. Whatever wrapper
 * stands before all names of the network (`module.`, `model.`, `state_dict.`) is taken off, and names of older
 * releases are read as today's. `formats` are those of the network's family unless given.
 */
export function fromPyTorch(
  network: Network,
  file: HostTensors,
  formats: Formats = formatsOf(network),
): FromPyTorch {
  const expected = torchShapes(network);
  const readings = Object.entries(formats).flatMap(([format, rules]) => {
    const theirNames = Object.keys(expected).map((name) => theirName(rules, name));
    return prefixesOf(Object.keys(file), theirNames).map((prefix): FromPyTorch => {
      const { tensors: inside, leftOut } = withinPrefix(file, prefix, theirNames);
      const { tensors: today, used } = fromOlder(rules, inside);
      const tensors = matricesAsKernels(toOurs(rules, today), expected);
      const found = named(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
      const renamed = [
        ...(prefix === '' ? [] : [`${excerpt(prefix)} before every name was left out`]),
        ...used.map(([theirs, older]) => `"${older}" of an older release was read as "${theirs}"`),
      ];
      return { format, tensors, differences: compareShapes(expected, found), renamed, leftOut };
    });
  });
  return readings.reduce((best, next) => (next.differences.length < best.differences.length ? next : best));
}

function torchShapes(network: Network): Record<string, readonly number[]> {
  return named([
    ...network.parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)] as const),
    ...network.statistics.map(({ name, shape }) => [name, shape] as const),
  ]);
}

/**
 * Some files hold a convolution whose windows do not overlap, or whose one window is all of the map, as a matrix over
 * pixels, [O, I H W]; its numbers lie as the kernel's.
 */
function matricesAsKernels(
  ours: HostTensors,
  expected: Readonly<Record<string, readonly number[]>>,
): HostTensors {
  const read = Object.entries(ours).map(([name, tensor]): [string, HostTensors[string]] => {
    const kernel = Object.hasOwn(expected, name) ? expected[name] : undefined;
    if (tensor.shape.length !== 2 || kernel?.length !== 4) return [name, tensor];
    const [outputs, inputs] = [kernel[0]!, kernel.slice(1).reduce((a, b) => a * b, 1)];
    if (tensor.shape[0] !== outputs || tensor.shape[1] !== inputs) return [name, tensor];
    return [name, { ...tensor, shape: kernel }];
  });
  return named(read);
}
