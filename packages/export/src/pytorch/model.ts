// A network as a model of PyTorch: the parts that hold its weights, and a line for each of its layers.

import { MaNetError, type Network, ops, trace } from '@ma-net/core';
import type { HelperName } from './helper-functions.ts';
import type { Declaration } from './modules.ts';
import { type Layer, operations } from './operations.ts';
import { type Value, Writer } from './writer.ts';

export interface TorchModel {
  readonly parts: readonly Declaration[];
  /** Arguments of `forward`. */
  readonly inputs: readonly string[];
  /** The body of `forward`, without what it returns. */
  readonly lines: readonly string[];
  /** Names of the outputs and the variables that hold them. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly helpers: readonly HelperName[];
}

/**
 * Follows the program of a network, in the widths that it has. Images are [B, C, H, W] in what it takes and gives.
 * Throws `unsupported-op` for a layer that is not core's.
 */
export function torchModel(network: Network): TorchModel {
  const shapesOf = (values: readonly { name: string; shape: readonly number[] }[]) =>
    Object.fromEntries(values.map(({ name, shape }) => [name, shape]));
  const inputs = shapesOf(network.inputs);
  const traced = trace(network.program, inputs, {
    shapes: shapesOf(network.parameters),
    wanted: network.outputs.map(({ name }) => name),
  });
  const on = new Writer(network);
  const arguments_ = Object.keys(inputs).map(identifier);
  const values: Value[] = Object.values(inputs).map((shape, k) => ({
    code: arguments_[k]!,
    shape,
    first: shape.length === 3,
  }));
  for (const { op, name, inputs: places, options, made } of traced.calls) {
    const write = Object.values<unknown>(ops).includes(op) ? operations[op.kind] : undefined;
    if (write === undefined) throw unsupported(op.kind, name);
    const shape = traced.shapes[made]!;
    const layer: Layer<unknown> = { name, inputs: places.map((place) => values[place]!), options, shape };
    const result = write(on, layer as Layer<never>);
    values[made] = layer.inputs.find((x) => x === result) ?? on.line(result, shape);
  }
  const outputs = Object.entries(traced.outputs).map(
    ([name, place]) => [name, on.first(values[place]!)] as const,
  );
  const named = withVariables(on, outputs, arguments_);
  return { parts: on.declarations, inputs: arguments_, helpers: [...on.helpers], ...named };
}

/** Gives every value a variable; one that is not read any more is free for the next. */
function withVariables(
  { lines }: Writer,
  outputs: readonly (readonly [string, string])[],
  taken: readonly string[],
): Pick<TorchModel, 'lines' | 'outputs'> {
  const lastRead = new Map<number, number>();
  lines.forEach(({ code }, at) => {
    for (const value of valuesIn(code)) lastRead.set(value, at);
  });
  for (const [, code] of outputs) for (const value of valuesIn(code)) lastRead.set(value, lines.length);

  const variables = new Map<number, string>();
  const free: string[] = [];
  let made = 0;
  const fresh = (): string => {
    for (;;) {
      const next = made < 3 ? 'xyz'[made]! : `x${made - 1}`;
      made++;
      if (!taken.includes(next)) return next;
    }
  };
  const written = (code: string): string =>
    code.replaceAll(/«(\d+)»/g, (_, value: string) => variables.get(Number(value))!);
  const body = lines.map(({ made: value, code }, at) => {
    const right = written(code);
    for (const read of new Set(valuesIn(code)))
      if (lastRead.get(read) === at) free.unshift(variables.get(read)!);
    variables.set(value, free.shift() ?? fresh());
    return `${variables.get(value)!} = ${right}`;
  });
  return { lines: body, outputs: Object.fromEntries(outputs.map(([name, code]) => [name, written(code)])) };
}

function valuesIn(code: string): number[] {
  return [...code.matchAll(/«(\d+)»/g)].map(([, value]) => Number(value));
}

/** A name that Python and this file have no other use for. */
function identifier(name: string): string {
  const plain = name.replaceAll(/\W/g, '_');
  return /^(?:images|tokens|mask)$/.test(plain) ? plain : `given_${plain}`;
}

function unsupported(kind: string, name: string): MaNetError {
  return new MaNetError('unsupported-op', `The layer "${kind}" has no form in PyTorch here.`, {
    where: `layer "${name || kind}"`,
    hint: 'export the weights alone with --no-model, or the whole network with --format onnx.',
  });
}
