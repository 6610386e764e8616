// Arithmetic in WGSL, on floats. What is no number stays none: drivers may assume that there are none, so bits are asked.

import { backend_util } from '@tensorflow/tfjs-core';

/** Functions that the code below calls. */
export const PRELUDE = `
fn isNone(a : f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }
fn largest(a : f32, b : f32) -> f32 { return select(max(a, b), a + b, isNone(a) || isNone(b)); }
fn smallest(a : f32, b : f32) -> f32 { return select(min(a, b), a + b, isNone(a) || isNone(b)); }
fn power(a : f32, b : f32) -> f32 {
  if (b == 0.0) { return 1.0; }
  if (isNone(a) || isNone(b)) { return a + b; }
  if (a < 0.0 && floor(b) < b) { return numbers.none; }
  let p = pow(abs(a), b);
  return select(p, -p, a < 0.0 && round(abs(b) % 2.0) == 1.0);
}
fn logarithm(a : f32) -> f32 { if (a < 0.0) { return numbers.none; } return log(a); }
fn tangent(a : f32) -> f32 { let e = exp(-2.0 * abs(a)); return sign(a) * (1.0 - e) / (1.0 + e); }
fn gaussian(a : f32) -> f32 {
  let t = 1.0 / (1.0 + ${backend_util.ERF_P} * abs(a));
  let series = ((((${backend_util.ERF_A5} * t + ${backend_util.ERF_A4}) * t + ${backend_util.ERF_A3}) * t
    + ${backend_util.ERF_A2}) * t + ${backend_util.ERF_A1}) * t;
  return sign(a) * (1.0 - series * exp(-abs(a) * abs(a)));
}
`;

export const unary: Readonly<Record<string, (a: string) => string>> = {
  Abs: (a) => `abs(${a})`,
  Ceil: (a) => `ceil(${a})`,
  Erf: (a) => `gaussian(${a})`,
  Exp: (a) => `exp(${a})`,
  Floor: (a) => `floor(${a})`,
  Log: (a) => `logarithm(${a})`,
  Neg: (a) => `-${a}`,
  Reciprocal: (a) => `1.0 / ${a}`,
  Relu: (a) => `select(${a}, 0.0, ${a} < 0.0)`,
  Rsqrt: (a) => `inverseSqrt(${a})`,
  Sigmoid: (a) => `1.0 / (1.0 + exp(-${a}))`,
  Sign: (a) => `sign(${a})`,
  Sqrt: (a) => `sqrt(${a})`,
  Square: (a) => `${a} * ${a}`,
  Tanh: (a) => `tangent(${a})`,
};

export const binary: Readonly<Record<string, (a: string, b: string) => string>> = {
  Add: (a, b) => `${a} + ${b}`,
  Maximum: (a, b) => `largest(${a}, ${b})`,
  Minimum: (a, b) => `smallest(${a}, ${b})`,
  Multiply: (a, b) => `${a} * ${b}`,
  Pow: (a, b) => `power(${a}, ${b})`,
  RealDiv: (a, b) => `${a} / ${b}`,
  SquaredDifference: (a, b) => `(${a} - ${b}) * (${a} - ${b})`,
  Sub: (a, b) => `${a} - ${b}`,
};

/** Of truth values, which are 0 and 1. */
export const comparison: Readonly<Record<string, (a: string, b: string) => string>> = {
  Equal: (a, b) => `f32(${a} == ${b})`,
  Greater: (a, b) => `f32(${a} > ${b})`,
  GreaterEqual: (a, b) => `f32(${a} >= ${b})`,
  Less: (a, b) => `f32(${a} < ${b})`,
  LessEqual: (a, b) => `f32(${a} <= ${b})`,
  LogicalAnd: (a, b) => `f32(${a} >= 1.0 && ${b} >= 1.0)`,
  LogicalOr: (a, b) => `f32(${a} >= 1.0 || ${b} >= 1.0)`,
};
