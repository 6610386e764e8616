// Weights in the names and layouts that PyTorch's libraries give them, and back.

import {
  compareShapes,
  MaNetError,
  type Network,
  type ParamDifference,
  suggestion,
  torchShape,
  toTorchLayout,
} from '@ma-net/core';
import { type Format, type HostTensors, toOurs, toTheirs } from './rules.ts';
import { swin } from './swin.ts';
import { vit } from './vit.ts';

/** Our names are torchvision's wherever one tensor is one tensor, and timm shares them for convolutions. */
const asNamed: Format = { renamed: [], fused: [], ignored: ['.num_batches_tracked'] };

/** The families whose files differ from ours, each known by a parameter that no other has. */
const families: readonly { readonly marker: string; readonly formats: Readonly<Record<string, Format>> }[] = [
  { marker: 'encoder.pos_embedding', formats: vit },
  { marker: 'features.0.2.weight', formats: swin },
];

function formatsOf(network: Network): Readonly<Record<string, Format>> {
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

export interface FromPyTorch {
  /** The format that fits best. */
  readonly format: string;
  /** Our names, still in PyTorch's layout. */
  readonly tensors: HostTensors;
  /** What is missing, unexpected or of another shape, in PyTorch's layout. */
  readonly differences: readonly ParamDifference[];
}

/** Reads the tensors of a file in the format that leaves the fewest differences to the network. */
export function fromPyTorch(network: Network, file: HostTensors): FromPyTorch {
  const expected = Object.fromEntries([
    ...network.parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)]),
    ...network.statistics.map(({ name, shape }) => [name, shape]),
  ]) as Record<string, readonly number[]>;
  const readings = Object.entries(formatsOf(network)).map(([format, rules]): FromPyTorch => {
    const tensors = toOurs(rules, file);
    const found = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
    return { format, tensors, differences: compareShapes(expected, found) };
  });
  return readings.reduce((best, next) => (next.differences.length < best.differences.length ? next : best));
}
