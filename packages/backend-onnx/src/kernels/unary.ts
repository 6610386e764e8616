// Elementwise kernels of one input.

import type { DataType } from '@tensorflow/tfjs-core';
import type { Kernel, KernelTable } from '../kernel.ts';
import { type Lowering, onnxType } from '../lower/lowering.ts';
import { real } from '../onnx/model.ts';
import type { Signature } from '../kernel.ts';

type Emit = (g: Lowering, x: string, signature: Signature) => string;

const node =
  (type: string): Emit =>
  (g, x) =>
    g.op(type, [x]);

/** Computed in float32; an int32 or bool input is cast there, and back to the output's dtype. */
function floating(emit: Emit, dtype?: DataType): Kernel {
  return {
    inputs: ['x'],
    infer: ([x]) => ({ shape: x!.shape, dtype: dtype ?? x!.dtype }),
    lower(g, [x], signature) {
      const out = signature.outputs[0]!;
      return g.elementwise([x!], out, ([name]) => {
        const input = x!.dtype === 'float32' ? name! : g.cast(name!, 'float32');
        const y = emit(g, input, signature);
        return out.dtype === 'float32' || out.dtype === 'bool' ? y : g.cast(y, onnxType(out.dtype));
      });
    },
  };
}

/** Computed in the input's own dtype; bool goes through int32. */
function anyNumber(emit: Emit): Kernel {
  return {
    inputs: ['x'],
    infer: ([x]) => x!,
    lower(g, [x], signature) {
      return g.elementwise([x!], signature.outputs[0]!, ([name]) => {
        if (x!.dtype !== 'bool') return emit(g, name!, signature);
        return g.cast(emit(g, g.cast(name!, 'int32'), signature), 'bool');
      });
    },
  };
}

const constant = (value: number): Kernel => ({
  inputs: ['x'],
  infer: ([x]) => x!,
  lower(g, _, { outputs }) {
    const { shape, dtype } = outputs[0]!;
    return g.val(g.expand(g.model.scalar(value, onnxType(dtype)), shape), outputs[0]!);
  },
});

/** log(1 + x) without the loss of digits near 0 that computing 1 + x brings (Kahan). */
const log1p: Emit = (g, x) => {
  const one = g.model.scalar(1);
  const u = g.op('Add', [x, one]);
  const exact = g.op('Equal', [u, one]);
  const safe = g.op('Where', [exact, g.model.scalar(2), u]);
  const corrected = g.op('Mul', [g.op('Log', [u]), g.op('Div', [x, g.op('Sub', [safe, one])])]);
  // Far from 0 the correction is 1, and dividing infinities must be avoided.
  const near = g.op('Less', [g.op('Abs', [x]), one]);
  return g.op('Where', [near, g.op('Where', [exact, x, corrected]), g.op('Log', [u])]);
};

/** exp(x) - 1 as 2 tanh(x/2) / (1 - tanh(x/2)) near 0. */
const expm1: Emit = (g, x) => {
  const one = g.model.scalar(1);
  const near = g.op('Less', [g.op('Abs', [x]), g.model.scalar(0.5)]);
  const t = g.op('Tanh', [g.op('Mul', [g.op('Where', [near, x, g.model.scalar(0)]), g.model.scalar(0.5)])]);
  const small = g.op('Div', [g.op('Add', [t, t]), g.op('Sub', [one, t])]);
  return g.op('Where', [near, small, g.op('Sub', [g.op('Exp', [x]), one])]);
};

const notNan = (g: Lowering, x: string, y: string): string => g.op('Where', [g.op('IsNaN', [x]), x, y]);

/** 1 where x > 0, `alpha` elsewhere; a steep hard sigmoid is several times faster than comparing. */
const step: Emit = (g, x, { attrs }) => {
  const gate = g.op('HardSigmoid', [x], { alpha: real(1e38), beta: real(0) });
  const alpha = Number(attrs['alpha'] ?? 0);
  if (alpha === 0) return gate;
  const rise = g.op('Mul', [gate, g.model.scalar(1 - alpha)]);
  return g.op('Add', [rise, g.model.scalar(alpha)]);
};

/** tfjs gives NaN the sign 0. */
const sign: Emit = (g, x, { inputs }) => {
  const y = g.op('Sign', [x]);
  return inputs[0]!.dtype === 'float32' ? g.op('Where', [g.op('IsNaN', [x]), g.model.scalar(0), y]) : y;
};

const clip: Emit = (g, x, { attrs, outputs }) => {
  const type = onnxType(outputs[0]!.dtype === 'bool' ? 'int32' : outputs[0]!.dtype);
  const [low, high] = [Number(attrs['clipValueMin']), Number(attrs['clipValueMax'])];
  const rounded = type === 'int32' ? [Math.ceil(low), Math.floor(high)] : [low, high];
  return g.op('Min', [
    g.op('Max', [x, g.model.scalar(bounded(rounded[0]!, type), type)]),
    g.model.scalar(bounded(rounded[1]!, type), type),
  ]);
};

const bounded = (value: number, type: string): number =>
  type === 'int32' ? Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1) : value;

export const unary: KernelTable = {
  Abs: anyNumber(node('Abs')),
  Acos: floating(node('Acos')),
  Acosh: floating(node('Acosh')),
  Asin: floating(node('Asin')),
  Asinh: floating(node('Asinh')),
  Atan: floating(node('Atan')),
  Atanh: floating(node('Atanh')),
  Ceil: floating(node('Ceil')),
  ClipByValue: anyNumber(clip),
  Cos: floating(node('Cos')),
  Cosh: floating(node('Cosh')),
  Elu: floating((g, x) => g.op('Elu', [x], { alpha: real(1) })),
  Erf: floating(node('Erf')),
  Exp: floating(node('Exp'), 'float32'),
  Expm1: floating(expm1),
  Floor: floating(node('Floor')),
  IsFinite: floating((g, x) => g.op('Not', [g.op('Or', [g.op('IsInf', [x]), g.op('IsNaN', [x])])]), 'bool'),
  IsInf: floating(node('IsInf'), 'bool'),
  IsNan: floating(node('IsNaN'), 'bool'),
  LeakyRelu: floating(
    (g, x, { attrs }) => g.op('LeakyRelu', [x], { alpha: real(Number(attrs['alpha'])) }),
    'float32',
  ),
  Log: floating(node('Log')),
  Log1p: floating(log1p),
  Neg: anyNumber(node('Neg')),
  OnesLike: constant(1),
  Reciprocal: floating(node('Reciprocal')),
  Relu: anyNumber((g, x, { outputs }) =>
    // Of whole numbers only from operator set 14 on.
    outputs[0]!.dtype === 'float32' ? g.op('Relu', [x]) : g.op('Max', [x, g.model.scalar(0, 'int32')]),
  ),
  Relu6: floating((g, x) => g.op('Clip', [x, g.model.scalar(0), g.model.scalar(6)])),
  Round: floating(node('Round')),
  Rsqrt: floating((g, x) => g.op('Reciprocal', [g.op('Sqrt', [x])])),
  Selu: floating((g, x) =>
    g.op('Selu', [x], { alpha: real(1.6732632423543772), gamma: real(1.0507009873554805) }),
  ),
  Sigmoid: floating(node('Sigmoid')),
  Sign: anyNumber(sign),
  Sin: floating(node('Sin')),
  Sinh: floating(node('Sinh')),
  Softplus: floating((g, x) => notNan(g, x, g.op('Softplus', [x]))),
  Sqrt: floating(node('Sqrt')),
  Square: anyNumber((g, x) => g.op('Mul', [x, x])),
  Step: floating(step),
  Tan: floating(node('Tan')),
  Tanh: floating(node('Tanh')),
  ZerosLike: constant(0),
  LogicalNot: {
    inputs: ['x'],
    infer: ([x]) => ({ shape: x!.shape, dtype: 'bool' }),
    lower: (g, [x], { outputs }) =>
      g.elementwise([x!], outputs[0]!, ([name]) =>
        g.op('Not', [x!.dtype === 'bool' ? name! : g.cast(name!, 'bool')]),
      ),
  },
  Cast: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: x!.shape, dtype: attrs['dtype'] as DataType }),
    lower: (g, [x], { outputs }) =>
      g.elementwise([x!], outputs[0]!, ([name]) => g.cast(name!, onnxType(outputs[0]!.dtype))),
  },
};
