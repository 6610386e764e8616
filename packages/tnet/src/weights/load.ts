// Starting a network from the weights of a file.

import {
  fromTorchLayout,
  initialValues,
  MaNetError,
  type Network,
  type ParamDifference,
  uploadParams,
} from '@ma-net/core';
import { fromPyTorch } from './formats.ts';
import type { HostTensors } from './rules.ts';

/** What was taken from a weight file. */
export interface WeightReport {
  /** Whose names the file has. */
  readonly format: string;
  /** Numbers taken from the file. */
  readonly loaded: number;
  /** Parameters that start afresh, because the file's classifier has another number of classes. */
  readonly replaced: readonly ParamDifference[];
}

/**
 * The same network, whose `init` starts from the tensors of a safetensors file with torchvision's or timm's
 * names. A classifier for another number of classes starts afresh. Throws `network-mismatch` with the
 * differences, before anything is taken, when the weights belong to another architecture.
 */
export function withWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where = 'a weight file',
): { readonly network: Network<I, O>; readonly report: WeightReport } {
  const { format, tensors, differences } = fromPyTorch(network, file);
  const head = headOf(network);
  const replaced = differences.filter((d) => head.has(d.name) && onlyClassesDiffer(d));
  const others = differences.filter((d) => !replaced.includes(d));
  if (others.length > 0) throw mismatch(network, others, format, where);

  const fresh = network.parameters.filter(({ name }) => replaced.some((d) => d.name === name));
  const kept = Object.fromEntries(
    Object.entries(tensors).filter(([name]) => !fresh.some((s) => s.name === name)),
  );
  const ours = fromTorchLayout(network.parameters, kept);
  return {
    network: {
      ...network,
      init(rng) {
        const drawn = fresh.map(({ name, shape, init }) => {
          const data = initialValues(init, shape, rng.split(name));
          return [name, { shape, dtype: 'float32', data }] as const;
        });
        const all: HostTensors = { ...ours, ...Object.fromEntries(drawn) };
        const part = (names: readonly { readonly name: string }[]): HostTensors =>
          Object.fromEntries(names.map(({ name }) => [name, all[name]!]));
        return {
          params: uploadParams(part(network.parameters)),
          stats: uploadParams(part(network.statistics)),
        };
      },
    },
    report: {
      format,
      loaded: Object.values(ours).reduce((sum, { data }) => sum + data.length, 0),
      replaced,
    },
  };
}

/** The parameters that make outputs of one number per class. */
function headOf({ groups, outputs }: Network): Set<string> {
  const scores = new Set(outputs.filter(({ shape }) => shape.length === 1).map(({ name }) => name));
  const made = groups.filter(({ pinnedBy }) =>
    pinnedBy.some((p) => p.kind === 'output' && scores.has(p.name)),
  );
  return new Set(made.flatMap(({ members }) => members.map((m) => m.tensor)));
}

function onlyClassesDiffer({ expected, found }: ParamDifference): boolean {
  return expected !== undefined && found !== undefined && expected.slice(1).join() === found.slice(1).join();
}

const SHOWN = 20;

function mismatch(
  network: Network,
  differences: readonly ParamDifference[],
  format: string,
  where: string,
): MaNetError {
  const shape = (s: readonly number[]): string => `[${s.join(', ')}]`;
  const kinds = {
    missing: differences.filter((d) => d.found === undefined),
    unexpected: differences.filter((d) => d.expected === undefined),
    'of another shape': differences.filter((d) => d.expected !== undefined && d.found !== undefined),
  };
  const lines = Object.entries(kinds).flatMap(([kind, list]) => [
    ...(list.length === 0 ? [] : [`  ${list.length} ${kind}:`]),
    ...list.slice(0, SHOWN).map(({ name, expected, found }) => {
      const both = expected !== undefined && found !== undefined;
      return `    ${name} ${both ? `${shape(found)}, expected ${shape(expected)}` : shape((expected ?? found)!)}`;
    }),
    ...(list.length > SHOWN ? [`    ... and ${list.length - SHOWN} more`] : []),
  ]);
  return new MaNetError(
    'network-mismatch',
    `The weights do not belong to ${network.name}, read with ${format}'s names. Nothing was loaded.\n${lines.join('\n')}`,
    { where, hint: 'load them into the network they were made for, or pass the weights of this one.' },
  );
}
