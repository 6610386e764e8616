// What a tensor stands for until somebody computes it.

import type { DataType } from '@tensorflow/tfjs-core';
import type { Access } from './access.ts';

export interface Operand {
  readonly value: Value;
  readonly access: Access | undefined;
}

interface Common {
  /** tfjs's name of the tensor's data. */
  readonly dataId: object;
  readonly size: number;
  /** Of the buffer; in programs every number is a float. */
  readonly dtype: DataType;
}

/** Data that is there: on the device, or in JavaScript and not yet sent. */
export interface Leaf extends Common {
  readonly kind: 'leaf';
  /** The number, where all are the same and lie in JavaScript: a program gets it with its sizes. */
  readonly number?: number;
}

/** Each number from a few others: arithmetic, and moves of numbers from place to place. */
export interface Mapped extends Common {
  readonly kind: 'map';
  readonly operands: readonly Operand[];
  /** WGSL of the result. The same code for the same `name` and the same number of operands. */
  readonly code: Code;
  readonly name: string;
  /** What the code may call `n[0]`, ...: numbers that differ from call to call. */
  readonly numbers: readonly number[];
  /** Places on an axis that the code may compare with `bounds`. */
  readonly along?: Access;
  readonly bounds?: readonly number[];
}

export interface CodeParts {
  readonly n: readonly string[];
  /** The place along the axis, and the bounds. */
  readonly along: string;
  readonly bounds: readonly string[];
}

export type Code = (operands: readonly string[], parts: CodeParts) => string;

export type Reduction = 'sum' | 'max' | 'min';

/** Numbers over some axes made one. */
export interface Reduced extends Common {
  readonly kind: 'reduce';
  readonly how: Reduction;
  readonly input: Value;
  /** How many numbers make one. */
  readonly length: number;
  /** Where the numbers of a result begin, and where each of them is from there. */
  readonly kept: Access | undefined;
  readonly over: Access | undefined;
  readonly scale: number;
}

/** A program of tfjs, or one that is written as one. */
export interface Programmed extends Common {
  readonly kind: 'program';
  readonly inputs: readonly Value[];
  /** What it adds to: a value of the same data, which nobody else reads. */
  readonly base?: Value;
  run(): void;
}

export type Pending = Mapped | Reduced | Programmed;
export type Value = Leaf | Pending;

/** Everything that `value` is computed of. */
export function sourcesOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'leaf':
      return [];
    case 'map':
      return value.operands.map((operand) => operand.value);
    case 'reduce':
      return [value.input];
    case 'program':
      return value.base === undefined ? value.inputs : [...value.inputs, value.base];
  }
}
