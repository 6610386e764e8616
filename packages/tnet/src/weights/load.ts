// Starting a network from the weights of a file.

import {
  assertFloats,
  fromTorchLayout,
  type HostTensor,
  initialValues,
  type Network,
  named,
  type ParamDifference,
  uploadParams,
} from '@ma-net/core';
import { type Formats, fromPyTorch } from './formats.ts';
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
 * names; so does that of the networks it is retraced to. A classifier that the file does not have, or has for another number of classes, starts afresh. Throws
 * `network-mismatch` before anything is taken: with the differences when the weights belong to another architecture,
 * with name and type where numbers are no floating-point numbers.
 */
export function withWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where = 'a weight file',
  formats?: Formats,
): Started<I, O> {
  const started = tryWeights(network, file, where, { ...(formats === undefined ? {} : { formats }) });
  if ('differences' in started) throw mismatch(network, started, where);
  return started;
}

/** `withWeights`, for who has something to add about weights of another architecture. */
export function tryWeights<I extends string, O extends string>(
  network: Network<I, O>,
  file: HostTensors,
  where: string,
  { verified = false, formats }: { readonly verified?: boolean; readonly formats?: Formats } = {},
): Started<I, O> | Misfit {
  const read = withoutOtherHeads(network, fromPyTorch(network, file, formats));
  const replaced = explainedByClassifier(network, read);
  const differences = read.differences.filter((d) => !replaced.includes(d));
  if (differences.length > 0) return { read, differences };
  const { format, tensors, renamed, leftOut } = read;
  assertFloats(
    named(
      [...network.parameters, ...network.statistics].flatMap(({ name }) =>
        Object.hasOwn(tensors, name) ? [[name, tensors[name]!] as const] : [],
      ),
    ),
    where,
  );

  const fresh = new Set(replaced.map(({ name }) => name));
  const kept = Object.fromEntries(Object.entries(tensors).filter(([name]) => !fresh.has(name)));
  const ours = fromTorchLayout(network.parameters, kept);
  return {
    network: startingFrom(network, ours),
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

/**
 * The network, with an `init` that takes what `tensors` has, in our layout, and draws the rest. So do the networks that
 * it is retraced to: with other outputs, and with other widths, where tensors of another shape start afresh.
 */
export function startingFrom<I extends string, O extends string>(
  network: Network<I, O>,
  tensors: HostTensors,
): Network<I, O> {
  const known = (name: string, shape: readonly number[]): HostTensor | undefined =>
    Object.hasOwn(tensors, name) && tensors[name]!.shape.join() === shape.join() ? tensors[name] : undefined;
  return {
    ...network,
    init(rng) {
      const params = network.parameters.map(({ name, shape, init }) => {
        const drawn = (): HostTensor['data'] => initialValues(init, shape, rng.split(name));
        return [name, known(name, shape) ?? { shape, dtype: 'float32', data: drawn() }] as const;
      });
      const stats = network.statistics.map(({ name, shape, initial }) => {
        const data = (): HostTensor['data'] =>
          new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(initial);
        return [name, known(name, shape) ?? { shape, dtype: 'float32', data: data() }] as const;
      });
      return { params: uploadParams(named(params)), stats: uploadParams(named(stats)) };
    },
    resized: (shapes) => startingFrom(network.resized(shapes), tensors),
    withOutputs: (names) => startingFrom(network.withOutputs(names), tensors),
  };
}
