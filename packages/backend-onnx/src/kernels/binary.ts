// Elementwise kernels of two inputs, broadcasting against each other.

import { backend_util, upcastType, type DataType } from '@tensorflow/tfjs-core';
import type { Kernel, KernelTable } from '../kernel.ts';
import { type Lowering, type Val, onnxType } from '../lower/lowering.ts';
import type { OnnxType } from '../onnx/model.ts';
import { centring, squaring } from './moments.ts';

type Emit = (g: Lowering, a: string, b: string, type: OnnxType) => string;

interface Options {
  /** Names of the inputs, for the few kernels that do not call them a and b. */
  readonly inputs?: readonly [string, string];
  readonly output?: DataType;
  /** The type the computation runs in, given that of the inputs. */
  readonly compute?: (type: DataType) => OnnxType;
}

/** Booleans count as integers; everything else is computed as it is. */
const asNumber = (type: DataType): OnnxType => (type === 'bool' ? 'int32' : onnxType(type));
const asFloat = (): OnnxType => 'float32';
/** Every int32 is exact in float64, so that rounding a quotient is too, and dividing by 0 does not trap. */
const asReal = (type: DataType): OnnxType => (type === 'float32' ? 'float32' : 'float64');

function kernel(emit: Emit, { inputs = ['a', 'b'], output, compute = asNumber }: Options = {}): Kernel {
  return {
    inputs,
    infer: ([a, b]) => ({
      shape: backend_util.assertAndGetBroadcastShape([...a!.shape], [...b!.shape]),
      dtype: output ?? upcastType(a!.dtype, b!.dtype),
    }),
    lower(g, [a, b], { outputs }) {
      const out = outputs[0]!;
      const type = compute(upcastType(a!.dtype, b!.dtype));
      return g.elementwise([a!, b!], out, ([p, q]) => {
        const y = emit(g, as(g, p!, a!, type), as(g, q!, b!, type), type);
        return out.dtype === 'bool' && output === 'bool'
          ? y
          : type === out.dtype
            ? y
            : g.cast(y, onnxType(out.dtype));
      });
    },
  };
}

function as(g: Lowering, name: string, x: Val, type: OnnxType): string {
  return x.dtype === type ? name : g.cast(name, type);
}

const node =
  (type: string): Emit =>
  (g, a, b) =>
    g.op(type, [a, b]);
const compare = (type: string): Kernel => kernel(node(type), { output: 'bool' });
const logical = (type: string): Kernel => kernel(node(type), { output: 'bool', compute: () => 'bool' });

/** Truncated remainder, moved to the divisor's sign: tfjs's and Python's modulo. */
const modulo: Emit = (g, a, b, type) => {
  const { model } = g;
  const zero = model.scalar(0, type);
  const remainder = model.node('Mod', [a, b], { fmod: 1 });
  const negative = (x: string): string => g.op('Less', [x, zero]);
  const shifted = model.node('Mod', [g.op('Add', [remainder, b]), b], { fmod: 1 });
  return g.op('Where', [g.op('Xor', [negative(a), negative(b)]), shifted, remainder]);
};

const HALF_PI = Math.PI / 2;

/** The angle of (x, y): atan(y/x), completed for the left half plane and the y axis. */
const atan2: Emit = (g, y, x) => {
  const zero = g.model.scalar(0);
  const sign = g.op('Where', [g.op('Less', [y, zero]), g.model.scalar(-1), g.model.scalar(1)]);
  const times = (factor: number): string => g.op('Mul', [sign, g.model.scalar(factor)]);
  const onAxis = g.op('Equal', [x, zero]);
  const slope = g.op('Atan', [g.op('Div', [y, g.op('Where', [onAxis, g.model.scalar(1), x])])]);
  const right = g.op('Where', [g.op('Less', [x, zero]), g.op('Add', [slope, times(Math.PI)]), slope]);
  const axis = g.op('Where', [g.op('Equal', [y, zero]), zero, times(HALF_PI)]);
  const nan = g.op('Add', [x, y]);
  return g.op('Where', [g.op('IsNaN', [nan]), nan, g.op('Where', [onAxis, axis, right])]);
};

const squaredDifference: Emit = (g, a, b) => {
  const d = g.op('Sub', [a, b]);
  return g.op('Mul', [d, d]);
};

export const binary: KernelTable = {
  Add: kernel(node('Add')),
  Sub: centring(kernel(node('Sub'))),
  Multiply: squaring(kernel(node('Mul'))),
  RealDiv: kernel(node('Div'), { compute: asReal }),
  FloorDiv: kernel((g, a, b) => g.op('Floor', [g.op('Div', [a, b])]), { output: 'int32', compute: asReal }),
  Mod: kernel(modulo, { compute: asReal }),
  Pow: kernel(node('Pow')),
  Maximum: kernel(node('Max')),
  Minimum: kernel(node('Min')),
  SquaredDifference: kernel(squaredDifference),
  Atan2: kernel(atan2, { compute: asFloat }),
  Prelu: kernel(
    (g, x, alpha) => {
      const zero = g.model.scalar(0);
      const below = g.op('Mul', [alpha, g.op('Min', [x, zero])]);
      return g.op('Add', [g.op('Relu', [x]), below]);
    },
    { inputs: ['x', 'alpha'], output: 'float32', compute: asFloat },
  ),
  EluGrad: kernel(
    (g, dy, y) => {
      const one = g.model.scalar(1);
      return g.op('Mul', [dy, g.op('Add', [g.op('Min', [y, g.model.scalar(0)]), one])]);
    },
    { inputs: ['dy', 'y'], compute: asFloat },
  ),
  Equal: compare('Equal'),
  NotEqual: kernel((g, a, b) => g.op('Not', [g.op('Equal', [a, b])]), { output: 'bool' }),
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  BitwiseAnd: kernel(node('BitwiseAnd')),
  AddN: {
    inputs: '*',
    infer: ([x]) => x!,
    lower: (g, inputs, { outputs }) =>
      g.elementwise(inputs, outputs[0]!, (names) => names.reduce((sum, x) => g.op('Add', [sum, x]))),
  },
  Select: {
    inputs: ['condition', 't', 'e'],
    infer: ([, t, e]) => ({ shape: t!.shape, dtype: upcastType(t!.dtype, e!.dtype) }),
    lower(g, [condition, t, e], { outputs }) {
      const out = outputs[0]!;
      const type = onnxType(out.dtype);
      // A condition of rank 1 selects whole rows.
      const rows = condition!.rank === 1 && t!.rank > 1;
      const test = rows
        ? g.view(condition!, [condition!.shape[0]!, ...t!.shape.slice(1).map(() => 1)])
        : condition!;
      return g.elementwise([test, t!, e!], out, ([c, p, q]) =>
        g.op('Where', [as(g, c!, test, 'bool'), as(g, p!, t!, type), as(g, q!, e!, type)]),
      );
    },
  },
};
