import * as tf from '@tensorflow/tfjs-core';
import { describe } from './describe.ts';
import { MaNetError, suggestion } from './errors.ts';
import { execute } from './execute.ts';
import { initialValues } from './init.ts';
import type { Shapes } from './ledger.ts';
import type { Network, ValueInfo } from './network.ts';
import type { Program } from './program.ts';
import { text } from './shapes.ts';
import type { Shaped } from './spaces.ts';
import { type InputShapes, shapedInputs, type Trace, trace } from './trace.ts';

export interface NetworkOptions<O extends string> {
  /** Which of the values that the program returns are the network's outputs; all of them unless given. */
  readonly outputs?: readonly O[];
  /**
   * Values that are needed again once inputs are known that were not given at first: boxes, found in a first look. Unlike
   * outputs they are nobody's but the network's, and may be cut.
   */
  readonly carried?: readonly string[];
}

/**
 * Makes a network of a program. `inputs` are the shapes of what it takes, without the batch: images are
 * [height, width, channels]. Everything a network declares (parameters, connections, coupling groups, outputs, costs)
 * follows from running the program once on shapes. Throws `bad-argument` or `shape-mismatch`, naming the layer.
 */
export function defineNetwork<I extends string, O extends string>(
  name: string,
  inputs: Readonly<Record<I, readonly number[]>>,
  program: Program<I, O>,
  { outputs, carried = [] }: NetworkOptions<O> = {},
): Network<I, O> {
  return build(name, inputs, program, { outputs, carried }, {});
}

interface Wanted<O extends string> {
  readonly outputs: readonly O[] | undefined;
  readonly carried: readonly string[];
}

function build<I extends string, O extends string>(
  name: string,
  inputs: Readonly<Record<I, readonly number[]>>,
  program: Program<I>,
  { outputs: wanted, carried }: Wanted<O>,
  shapes: Shapes,
): Network<I, O> {
  checkInputs(name, inputs);
  const traced = trace(program, inputs, { shapes, wanted });
  for (const output of [...(wanted ?? []), ...carried]) {
    if (!Object.hasOwn(traced.values, output)) throw noSuchOutput(name, output, Object.keys(traced.values));
  }
  const description = describe(traced, inputs, shapes);
  const traces = new Map<string, Trace>([[JSON.stringify(inputs), traced]]);

  /** The trace for inputs of other sizes, for some of the inputs, or where some values are known already. */
  const traceOf = (found: InputShapes, known: readonly string[]): Trace => {
    const key = JSON.stringify(known.length === 0 ? found : [found, known]);
    const before = traces.get(key);
    if (before !== undefined) return before;
    const all = wanted ?? Object.keys(traced.outputs);
    const whole = Object.keys(inputs).every((input) => Object.hasOwn(found, input));
    const made = trace(program, found, {
      shapes,
      wanted: whole ? all : [...new Set([...all, ...carried])],
      known,
    });
    traces.set(key, made);
    return made;
  };

  return {
    name,
    inputs: Object.entries(shapedInputs(inputs)).map(([input, shaped]) => info(input, shaped)),
    outputs: Object.keys(traced.outputs).map((output) => info(output, traced.values[output]!)),
    values: Object.entries(traced.values).map(([value, shaped]) => info(value, shaped)),
    ...description,
    program,
    init(rng) {
      const params: Record<string, tf.Tensor> = {};
      for (const spec of description.parameters) {
        params[spec.name] = tf.tensor(initialValues(spec.init, spec.shape, rng.split(spec.name)), [
          ...spec.shape,
        ]);
      }
      const stats: Record<string, tf.Tensor> = {};
      for (const { name: stat, shape, initial } of description.statistics)
        stats[stat] = tf.fill([...shape], initial);
      return { params, stats };
    },
    forward(params, stats, given, ctx) {
      const known = Object.keys(given).filter(
        (value) => !Object.hasOwn(inputs, value) && Object.hasOwn(traced.values, value),
      );
      const asked = Object.fromEntries(
        Object.entries<tf.Tensor>(given).filter(([input]) => !known.includes(input)),
      );
      const found = shapesOf(name, inputs, asked);
      const tensors = [...Object.keys(found), ...known].map((value) => given[value as I]);
      return execute(traceOf(found, known), params, stats, tensors, ctx);
    },
    resized: (other) => build(name, inputs, program, { outputs: wanted, carried }, other),
    withOutputs: (names) => build(name, inputs, program, { outputs: names, carried }, shapes),
  };
}

function info(name: string, { shape, stride }: Shaped): ValueInfo {
  return { name, shape, stride };
}

function checkInputs(network: string, inputs: InputShapes): void {
  for (const [input, shape] of Object.entries(inputs)) {
    if (Array.isArray(shape) && shape.every((size) => Number.isInteger(size) && size >= 1)) continue;
    throw new MaNetError('bad-argument', `The input "${input}" cannot be ${JSON.stringify(shape)}.`, {
      where: network,
      hint: 'give its shape without the batch, in whole numbers from 1: images are [height, width, channels].',
    });
  }
}

/** The shapes of the inputs that are given, in the order of their declaration, once they are what the network takes. */
function shapesOf(
  network: string,
  declared: InputShapes,
  given: Readonly<Record<string, tf.Tensor | undefined>>,
): InputShapes {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    throw new MaNetError('unknown-name', `The network takes no input "${unknown}".`, {
      where: network,
      hint: suggestion(unknown, Object.keys(declared)),
    });
  }
  const found: Record<string, readonly number[]> = {};
  for (const [name, shape] of Object.entries(declared)) {
    const tensor = given[name];
    if (tensor === undefined) continue;
    const sizes = tensor.shape.slice(1);
    if (tensor.rank !== shape.length + 1 || sizes.at(-1) !== shape.at(-1)) {
      const expected = ['batch', ...shape.slice(0, -1).map(() => 'any'), ...shape.slice(-1)];
      throw new MaNetError(
        'shape-mismatch',
        `The input "${name}" is ${text(tensor.shape)}, expected [${expected.join(', ')}].`,
        {
          where: network,
          hint: `pass a batch of what the network was made for: ${text(shape)} each.`,
        },
      );
    }
    found[name] = sizes;
  }
  return found;
}

function noSuchOutput(network: string, name: string, known: readonly string[]): MaNetError {
  return new MaNetError('unknown-name', `The program returns no "${name}".`, {
    where: network,
    hint: suggestion(name, known),
  });
}
