// A program run once, on shapes: which layers are applied to which values. Layers that no chosen output needs are
// left out, so that nobody computes, declares or keeps what nobody reads.

import { assertTensor } from './cost.ts';
import { MaNetError } from './errors.ts';
import { Ledger, type Shapes } from './ledger.ts';
import type { Op } from './op.ts';
import { type Net, netOf } from './program.ts';
import type { Shaped } from './spaces.ts';

/** One layer applied. Values go by numbers: the inputs first, then what the layers make, in the order of the program. */
export interface Call {
  readonly op: Op<unknown>;
  readonly name: string;
  readonly inputs: readonly number[];
  readonly options: unknown;
  readonly made: number;
}

export interface Trace {
  /** The layers that the outputs need. */
  readonly calls: readonly Call[];
  /** The value of each output. */
  readonly outputs: Readonly<Record<string, number>>;
  /** The values that a run begins with: the inputs, and what is known already. */
  readonly given: readonly number[];
  /** The value of everything that the program returns. */
  readonly values: Readonly<Record<string, Shaped>>;
  /** All axes but the batch of every value, by its number. */
  readonly shapes: readonly (readonly number[])[];
}

/** The shapes of inputs, by name, without the batch. */
export type InputShapes = Readonly<Record<string, readonly number[]>>;

interface Traced {
  readonly place: number;
}

type AnyProgram = (
  net: Net<Traced>,
  inputs: Readonly<Record<string, Traced>>,
) => Readonly<Partial<Record<string, Traced>>>;

export interface TraceOptions {
  /** Widths other than those that the program asks for. */
  readonly shapes?: Shapes;
  readonly wanted?: readonly string[] | undefined;
  /** Values that are given as the inputs are, and not computed. */
  readonly known?: readonly string[];
}

/**
 * Runs `program` on `inputs`. `wanted` are its outputs, of which those that it does not return are left out; everything
 * that it returns unless given. Throws what the layers throw, and `bad-argument` for values that are none.
 */
export function trace(
  program: AnyProgram,
  inputs: InputShapes,
  { shapes, wanted, known = [] }: TraceOptions = {},
): Trace {
  const ledger = new Ledger(shapes);
  const values: Shaped[] = Object.values(shapedInputs(inputs));
  const calls: Call[] = [];
  const net = netOf<Traced>({
    apply(op, name, of, options) {
      const places = of.map((x) => placeOf(x, `layer "${name || op.kind}"`, values.length));
      const call = { op: op as Op<unknown>, name, inputs: places, options, made: values.length };
      const made = described(
        ledger,
        call,
        places.map((place) => values[place]!),
      );
      values.push(made);
      calls.push(call);
      return { place: call.made };
    },
    shape: (x) => values[placeOf(x, 'shape()', values.length)]!.shape,
  });
  const given = Object.keys(inputs).map((name, place): [string, Traced] => [name, { place }]);
  const places = placesOf(program(net, Object.fromEntries(given)), values.length);
  const chosen = (wanted ?? Object.keys(places)).filter((name) => Object.hasOwn(places, name));
  const outputs = Object.fromEntries(chosen.map((name) => [name, places[name]!]));
  const handed = known.flatMap((name) => places[name] ?? []);
  return {
    calls: needed(calls, Object.values(outputs), handed),
    outputs,
    given: [...given.map(([, { place }]) => place), ...handed],
    values: Object.fromEntries(Object.entries(places).map(([name, place]) => [name, values[place]!])),
    shapes: values.map(({ shape }) => shape),
  };
}

/** The inputs of a network, without numbers. Their channels belong to no group: they are not ours to cut. */
export function shapedInputs(inputs: InputShapes): Record<string, Shaped> {
  const spacesOf = (id: string, units: number | undefined): Shaped['spaces'] =>
    units === undefined ? [] : [{ order: -1, id, units, block: 1, members: [], pinnedBy: [] }];
  for (const [name, shape] of Object.entries(inputs)) assertTensor(`input "${name}"`, shape);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => [
      name,
      {
        shape,
        spaces: spacesOf(name, shape.at(-1)),
        stride: shape.length === 3 ? 1 : 0,
      },
    ]),
  );
}

/** Describes one layer. Throws `too-large` for what no machine could hold. */
export function described(ledger: Ledger, { op, name, options }: Call, of: readonly Shaped[]): Shaped {
  ledger.layer = name || op.kind;
  ledger.kind = op.kind;
  const made = op.describe(ledger, name, of, options);
  ledger.cost.value(`layer "${ledger.layer}"`, made.shape);
  return made;
}

/** Runs the layers of a trace on other values, `inputs` as `given` says; the result has one for each output. */
export function replay<T>(
  { calls, outputs, given }: Trace,
  inputs: readonly T[],
  run: (call: Call, of: readonly T[]) => T,
): Record<string, T> {
  const values: T[] = [];
  for (const [i, place] of given.entries()) values[place] = inputs[i]!;
  for (const call of calls) {
    values[call.made] = run(
      call,
      call.inputs.map((place) => values[place]!),
    );
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, place]) => [name, values[place]!]));
}

function needed(calls: readonly Call[], outputs: readonly number[], known: readonly number[]): Call[] {
  const read = new Set(outputs);
  const kept = calls.toReversed().filter((call) => {
    if (!read.has(call.made) || known.includes(call.made)) return false;
    for (const place of call.inputs) read.add(place);
    return true;
  });
  return kept.toReversed();
}

function placesOf(
  returned: Readonly<Partial<Record<string, Traced>>>,
  count: number,
): Record<string, number> {
  const entries = Object.entries(returned ?? {}).filter(([, value]) => value !== undefined);
  if (entries.length === 0) {
    throw new MaNetError('bad-argument', 'The program of the network returns no value.', {
      hint: 'return an object of named values, for example { logits }.',
    });
  }
  return Object.fromEntries(entries.map(([name, x]) => [name, placeOf(x, `output "${name}"`, count)]));
}

/** Throws `bad-argument` unless `x` is a value of the program. */
function placeOf(x: Traced | undefined, where: string, count: number): number {
  const place: unknown = typeof x === 'object' && x !== null ? x.place : undefined;
  if (Number.isInteger(place) && (place as number) < count) return place as number;
  throw new MaNetError(
    'bad-argument',
    `Expected a value of the program, found ${typeof x === 'object' ? 'an object' : String(x)}.`,
    {
      where,
      hint: 'pass on inputs of the program and what its layers made; an input that is not given is undefined.',
    },
  );
}
