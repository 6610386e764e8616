// The WGSL of a program: its code depends on what is computed and of what kinds of places, never on the sizes, which go in
// as numbers. Programs for other sizes are the same program.

import type { Access } from './access.ts';
import { PRELUDE } from './arithmetic.ts';
import { COLUMNS, type MapKernel, type ReduceKernel, slicesOf, THREADS, type Way, wayOf } from './kernel.ts';
import type { Reduction, Value } from './value.ts';

/** A program and what it is run with. */
export interface Compiled {
  readonly code: string;
  /** In the order of their bindings, the results first. */
  readonly inputs: readonly Value[];
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly workgroups: readonly [number, number];
}

const FLAT = 64;
const LONGEST_SIDE = 65535;

export function mapCode({ outputs, inputs, stored }: MapKernel): Compiled {
  const writer = new Writer(inputs, stored, outputs);
  const size = writer.int(outputs[0]!.size);
  const results = outputs.map((value) => writer.value(value, 'i'));
  const body = `
  if (i >= ${size}) { return; }
${writer.take()}
${outputs.map((value, k) => `  out${k}[i] = ${typed(value, results[k]!)};`).join('\n')}`;
  return writer.finish(
    `@compute @workgroup_size(${FLAT})
fn _start(@builtin(workgroup_id) group : vec3<u32>, @builtin(num_workgroups) groups : vec3<u32>,
    @builtin(local_invocation_index) lane : u32) {
  let i = i32((group.x + group.y * groups.x) * ${FLAT}u + lane);${body}
}`,
    flat(Math.ceil(outputs[0]!.size / FLAT)),
  );
}

/** One program; where the work is split into slices, its results are [slices, size] and `addSlices` adds them. */
export function reduceCode({ outputs, inputs, stored }: ReduceKernel): Compiled {
  const [first] = outputs as [ReduceKernel['outputs'][0]];
  const slices = slicesOf(first);
  const writer = new Writer(inputs, stored, outputs);
  const sizes = [first.size, first.length, Math.ceil(first.length / slices), slices];
  const [size, length, each, count] = sizes.map((n) => writer.int(n)) as [string, string, string, string];
  const kept = writer.place(first.kept, 'o');
  const before = writer.take();
  const at = writer.name(`${kept} + ${writer.place(first.over, 'r')}`);
  const taken = outputs.map(({ input, how }, k) => step(how, `sum${k}`, writer.value(input, at)));
  const inner = `${writer.take()}\n${taken.join('\n')}`;
  const scales = outputs.map(({ scale }) => writer.float(slices === 1 ? scale : 1));
  return writer.finish(
    loop(
      wayOf(first),
      outputs.map(({ how }) => how),
      { size, length, each, count, before, inner, scales },
    ),
    workgroupsOf(wayOf(first), first.size, slices),
  );
}

/** The results of a reduction that was split: the parts [slices, size] of each, made one. */
export function sliceCode({ outputs }: Pick<ReduceKernel, 'outputs'>): Compiled {
  const [first] = outputs as [ReduceKernel['outputs'][0]];
  const slices = slicesOf(first);
  const writer = new Writer(new Set(), new Set(), outputs, outputs.length);
  const [size, length] = [writer.int(first.size), writer.int(slices)];
  const inner = outputs.map(({ how }, k) => step(how, `sum${k}`, `in${k}[o + r * ${size}]`)).join('\n');
  const scales = outputs.map(({ scale }) => writer.float(scale));
  const hows = outputs.map(({ how }) => how);
  return writer.finish(
    loop('alone', hows, { size, length, each: length, count: '1', before: '', inner, scales }),
    workgroupsOf('alone', first.size, 1),
  );
}

function workgroupsOf(way: Way, size: number, slices: number): readonly [number, number] {
  if (way === 'alone') return flat(Math.ceil(size / THREADS));
  return way === 'rows' ? flat(size * slices) : [Math.ceil(size / COLUMNS), slices];
}

function flat(groups: number): readonly [number, number] {
  if (groups <= LONGEST_SIDE) return [groups, 1];
  const rows = Math.ceil(groups / LONGEST_SIDE);
  return [Math.ceil(groups / rows), rows];
}

const START: Readonly<Record<Reduction, string>> = { sum: '0.0', max: '-numbers.most', min: 'numbers.most' };

function step(how: Reduction, sum: string, value: string): string {
  if (how === 'sum') return `    ${sum} += ${value};`;
  return `    ${sum} = ${how === 'max' ? 'largest' : 'smallest'}(${sum}, ${value});`;
}

interface Loop {
  readonly size: string;
  readonly length: string;
  readonly each: string;
  readonly count: string;
  readonly before: string;
  readonly inner: string;
  readonly scales: readonly string[];
}

function loop(
  way: Way,
  hows: readonly Reduction[],
  { size, length, each, count, before, inner, scales }: Loop,
): string {
  const all = (line: (how: Reduction, k: number) => string): string => hows.map(line).join('\n');
  const begin = all((how, k) => `  var sum${k} = ${START[how]};`);
  const lanes = { alone: 1, rows: THREADS, columns: THREADS / COLUMNS }[way];
  const [o, slice, along] = {
    alone: ['index', '0', '0'],
    rows: [`job % ${size}`, `job / ${size}`, 'i32(lane)'],
    columns: [`i32(group.x) * ${COLUMNS} + i32(lane) % ${COLUMNS}`, 'i32(group.y)', `i32(lane) / ${COLUMNS}`],
  }[way];
  const near = (k: number, at: string): string => `near${k}[${at}]`;
  const shared = way === 'alone' ? '' : all((_, k) => `var<workgroup> near${k} : array<f32, ${THREADS}>;`);
  const width = way === 'rows' ? 1 : COLUMNS;
  const tree =
    way === 'alone'
      ? ''
      : `
${all((_, k) => `  ${near(k, 'lane')} = sum${k};`)}
  for (var half = ${lanes / 2}u; half > 0u; half = half / 2u) {
    workgroupBarrier();
    if (lane / ${width}u < half) {
${all((how, k) => `      sum${k} = ${near(k, 'lane')};\n${step(how, `sum${k}`, near(k, `lane + half * ${width}u`))}\n      ${near(k, 'lane')} = sum${k};`)}
    }
  }`;
  return `${shared}
@compute @workgroup_size(${THREADS})
fn _start(@builtin(workgroup_id) group : vec3<u32>, @builtin(num_workgroups) groups : vec3<u32>,
    @builtin(local_invocation_index) lane : u32) {
  let job = i32(group.x + group.y * groups.x);
  let index = job * ${THREADS} + i32(lane);
  let o = ${o};
  let slice = ${slice};
${begin}
  if (o < ${size}) {
${before}
  for (var r = slice * ${each} + ${along}; r < min((slice + 1) * ${each}, ${length}); r += ${lanes}) {
${inner}
  }
  }${tree}
  if (o < ${size} && slice < ${count} && ${along} == 0) {
${all((_, k) => `    out${k}[slice * ${size} + o] = sum${k} * ${scales[k]};`)}
  }
}`;
}

const element = ({ dtype }: Value): string => (dtype === 'float32' ? 'f32' : 'i32');
const typed = (value: Value, code: string): string =>
  value.dtype === 'float32' ? code : `${element(value)}(${code})`;

/** Writes values down, each once for each place that it is read at. */
class Writer {
  readonly #stored: ReadonlySet<Value>;
  readonly #outputs: readonly Value[];
  readonly #bindings = new Map<Value, number>();
  readonly #names = new Map<Value, Map<string, string>>();
  readonly #places = new Map<string, string>();
  readonly #ints: number[] = [];
  readonly #floats: number[] = [];
  readonly #plain: number;
  #lines: string[] = [];
  #count = 0;

  constructor(inputs: ReadonlySet<Value>, stored: ReadonlySet<Value>, outputs: readonly Value[], plain = 0) {
    for (const input of inputs) this.#bindings.set(input, this.#bindings.size);
    this.#stored = stored;
    this.#outputs = outputs;
    this.#plain = plain;
  }

  int(value: number): string {
    this.#ints.push(value);
    return numberAt('ints', this.#ints.length - 1);
  }

  float(value: number): string {
    this.#floats.push(value);
    return numberAt('floats', this.#floats.length - 1);
  }

  name(code: string): string {
    const name = `v${this.#count++}`;
    this.#lines.push(`  let ${name} = ${code};`);
    return name;
  }

  /** The lines since the last call. */
  take(): string {
    const lines = this.#lines.join('\n');
    this.#lines = [];
    return lines;
  }

  place(access: Access | undefined, from: string): string {
    if (access === undefined) return from;
    const key = `${from} ${JSON.stringify(access)}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const terms = access.terms.map(({ div, mod, mul }) => {
      let code = div === 1 ? from : `${from} / ${this.int(div)}`;
      if (mod !== 0) code = `(${code}) % ${this.int(mod)}`;
      return mul === 1 ? `(${code})` : `(${code}) * ${this.int(mul)}`;
    });
    if (access.offset !== 0) terms.push(this.int(access.offset));
    const name = terms.length === 0 ? '0' : this.name(terms.join(' + '));
    this.#places.set(key, name);
    return name;
  }

  value(value: Value, at: string): string {
    const names = this.#names.get(value) ?? new Map<string, string>();
    this.#names.set(value, names);
    const known = names.get(at);
    if (known !== undefined) return known;
    const name = this.name(this.#codeOf(value, at));
    names.set(at, name);
    return name;
  }

  #codeOf(value: Value, at: string): string {
    if (value.kind === 'leaf' && value.number !== undefined) return this.float(value.number);
    const computed = value.kind === 'map' && (!this.#stored.has(value) || this.#outputs.includes(value));
    if (!computed) return `f32(in${this.#bindings.get(value)!}[${at}])`;
    const operands = value.operands.map((operand) =>
      this.value(operand.value, this.place(operand.access, at)),
    );
    const code = value.code(operands, {
      n: value.numbers.map((n) => this.float(n)),
      along: value.along === undefined ? at : this.place(value.along, at),
      bounds: (value.bounds ?? []).map((n) => this.int(n)),
    });
    return value.dtype === 'float32' ? code : `f32(i32(${code}))`;
  }

  finish(main: string, workgroups: readonly [number, number]): Compiled {
    const inputs = [...this.#bindings.keys()];
    const outs = this.#outputs.map((value, k) => binding(k, 'read_write', `out${k}`, element(value)));
    const types = this.#plain > 0 ? Array.from({ length: this.#plain }, () => 'f32') : inputs.map(element);
    const ins = types.map((type, k) => binding(outs.length + k, 'read', `in${k}`, type));
    const last = outs.length + ins.length;
    const code = `struct Numbers { none : f32, most : f32, spare0 : f32, spare1 : f32,
  ints : array<vec4<i32>, ${Math.ceil(this.#ints.length / 4)}>,
  floats : array<vec4<f32>, ${Math.max(1, Math.ceil(this.#floats.length / 4))}> }
${[...outs, ...ins].join('\n')}
@group(0) @binding(${last}) var<uniform> numbers : Numbers;
${PRELUDE}
${main}
`;
    return { code, inputs, ints: this.#ints, floats: this.#floats, workgroups };
  }
}

function numberAt(array: string, index: number): string {
  return `numbers.${array}[${index >> 2}].${'xyzw'[index & 3]}`;
}

function binding(at: number, access: string, name: string, type: string): string {
  return `@group(0) @binding(${at}) var<storage, ${access}> ${name} : array<${type}>;`;
}
