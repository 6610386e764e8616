// Lines of Python, one for each layer, while a program is followed. In a line `«7»` stands for the value 7, until the
// variables are known.

import type { Network } from '@ma-net/core';
import { torchNames } from '@ma-net/tnet';
import type { HelperName } from './helper-functions.ts';
import { buffer, type Declaration, parameter } from './modules.ts';

/** A value of the program. */
export interface Value {
  /** The Python expression of it. */
  readonly code: string;
  /** Ours, without the batch: images are [height, width, channels]. */
  readonly shape: readonly number[];
  /** An image in PyTorch's order, [B, C, H, W]; else every value is in ours. */
  readonly first: boolean;
}

/** What a layer makes of its inputs. */
export interface Made {
  readonly code: string;
  readonly first?: boolean;
}

export interface Line {
  readonly made: number;
  readonly code: string;
}

export class Writer {
  readonly lines: Line[] = [];
  readonly helpers = new Set<HelperName>();
  readonly #names: ReturnType<typeof torchNames>;
  readonly #declared = new Map<string, Declaration>();
  /** Values in the other of the two orders, once somebody asked for them. */
  readonly #turned = new Map<string, Value>();

  constructor(network: Network) {
    this.#names = torchNames(network);
  }

  /** All parts of the model; what the weights hold beyond them, such as tables of indices, is a buffer. */
  get declarations(): Declaration[] {
    const parts = [...this.#declared.values()];
    const there = new Set(tensorsOf(parts).map(([name]) => name));
    const rest = Object.entries(this.#names.shapes).filter(([name]) => !there.has(name));
    return [...parts, ...rest.map(([name, shape]) => buffer(name, shape, true))];
  }

  /** Adds a line; the value that it makes. */
  line({ code, first = false }: Made, shape: readonly number[]): Value {
    const made = this.lines.length;
    this.lines.push({ made, code });
    return { code: `«${made}»`, shape, first };
  }

  /** The expression of a value, an image as [B, C, H, W]. */
  first(x: Value): string {
    return x.shape.length === 3 && !x.first ? this.#turn(x, 'permute(0, 3, 1, 2)') : x.code;
  }

  /** The expression of a value, an image as [B, H, W, C]. */
  last(x: Value): string {
    return x.first ? this.#turn(x, 'permute(0, 2, 3, 1)') : x.code;
  }

  /** The expression of a value in the order of another one. */
  like(other: Value, x: Value): string {
    return other.first ? this.first(x) : this.last(x);
  }

  /** Declares the module of the layer `name`; the expression of it. */
  module(name: string, module: Pick<Declaration, 'code' | 'tensors'>): string {
    this.#declared.set(name, { name, as: 'module', ...module });
    return `m('${name}')`;
  }

  /** Declares one of our parameters by itself; the expression of it, which may be a part of one in the file. */
  parameter(ours: string): string {
    const { name, part, parts } = this.#names.places[ours]!;
    this.#declared.set(name, parameter(name, this.#names.shapes[name]!));
    return `p('${name}')${parts === 1 ? '' : `.chunk(${parts})[${part}]`}`;
  }

  buffer(ours: string): string {
    this.#declared.set(ours, buffer(ours, this.#names.shapes[ours]!, false));
    return `b('${ours}')`;
  }

  /** Whether the file holds a parameter of ours together with others. */
  isFused(ours: string): boolean {
    return this.#names.places[ours]!.parts > 1;
  }

  /** The name of a helper function, which goes into the file. */
  helper(name: HelperName): string {
    this.helpers.add(name);
    return name;
  }

  #turn(x: Value, how: string): string {
    const known = this.#turned.get(x.code);
    if (known !== undefined) return known.code;
    const made = this.line({ code: `${x.code}.${how}`, first: !x.first }, x.shape);
    this.#turned.set(x.code, made);
    this.#turned.set(made.code, x);
    return made.code;
  }
}

/** Names and shapes of the state dict that parts of a model have. */
export function tensorsOf(parts: readonly Declaration[]): (readonly [string, readonly number[]])[] {
  return parts.flatMap(({ name, tensors }) =>
    Object.entries(tensors).map(([end, shape]) => [end === '' ? name : `${name}.${end}`, shape] as const),
  );
}
