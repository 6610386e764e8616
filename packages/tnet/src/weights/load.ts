// Starting a network from the weights of a file.

import {
  fromTorchLayout,
  initialValues,
  MaNetError,
  type Network,
  named,
  type ParamDifference,
  uploadParams,
} from '@ma-net/core';
import { fromPyTorch } from './formats.ts';
import { explainedByClassifier, withoutOtherHeads } from './heads.ts';
import { type Misfit, mismatch } from './mismatch.ts';
import type { HostTensors } from './rules.ts';

/** What was taken from a weight file. */
export interface WeightReport {
  /** Whose names the file has. */
  readonly format: string;
  /** Numbers taken from the file. */
  readonly loaded: number;
  /** Parameters that start afresh: the file has no classifier, or one for another number of classes. */
  readonly replaced: readonly ParamDifference[];
  /** How names of the file were changed before they fitted, in words. */
  readonly renamed: readonly string[];
  /** Names in the file that were not needed: the state of an optimiser, another head. */
  readonly leftOut: readonly string[];
  /** Types of the file that became float32: `F16`, `BF16`, `F64`. */
  readonly converted: readonly string[];
  /** Whether a digest, of the hub or in the file, says that the numbers are as they were written. */
  readonly verified: boolean;
}

/** A network whose `init` starts from weights, and what was taken from their file. */
export interface Started<I extends string = string, O extends string = string> {
  readonly network: Network<I, O>;
  readonly report: WeightReport;
}

/**
 * The same network, whose `init` starts from the tensors of a safetensors file with torchvision's or timm's
 * names. A classifier that the file does not have, or has for another number of classes, starts afresh. Throws
 * `network-mismatch` before anything is taken: with the differences when the weights belong to another architecture,
 * with name and type where numbers are no floating-point numbers.
 */
export function withWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where = 'a weight file',
): Started<I, O> {
  const started = tryWeights(network, file, where);
  if ('differences' in started) throw mismatch(network, started, where);
  return started;
}

/** `withWeights`, for who has something to add about weights of another architecture. */
export function tryWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where: string,
  verified = false,
): Started<I, O> | Misfit {
  const read = withoutOtherHeads(network, fromPyTorch(network, file));
  const replaced = explainedByClassifier(network, read);
  const differences = read.differences.filter((d) => !replaced.includes(d));
  if (differences.length > 0) return { read, differences };
  const { format, tensors, renamed, leftOut } = read;
  assertFloats(network, tensors, where);

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
          named(names.map(({ name }) => [name, all[name]!]));
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
      renamed,
      leftOut,
      converted: [...new Set(Object.values(ours).flatMap(({ stored }) => stored ?? []))].toSorted(),
      verified,
    },
  };
}

/** Whole numbers are no weights: a quantised kernel needs scales that we do not know. */
function assertFloats(network: Network, tensors: HostTensors, where: string): void {
  const wrong = [...network.parameters, ...network.statistics].filter(
    ({ name }) => Object.hasOwn(tensors, name) && tensors[name]!.dtype !== 'float32',
  );
  if (wrong.length === 0) return;
  const list = wrong.slice(0, 5).map(({ name }) => `    ${name}: ${tensors[name]!.stored ?? 'I32'}`);
  if (wrong.length > list.length) list.push(`    ... and ${wrong.length - list.length} more`);
  throw new MaNetError(
    'network-mismatch',
    `Weights are floating-point numbers; ${wrong.length} of these tensors hold whole numbers. Nothing was loaded.\n${list.join('\n')}`,
    { where, hint: 'save the network before it is quantised, or in F32, F16 or BF16.' },
  );
}
