// Which operator set a model needs. Files are written in the lowest, so that old runtimes read them; sessions of our
// own take the one that the nodes are made in.

import { MaNetError } from '@ma-net/core';

/** The operator set in which kernels are lowered. */
export const WRITTEN = 19;
/** The oldest that files are written in (ONNX Runtime 1.6, 2020), and the newest that they were tried in. */
const OLDEST = 13;
const NEWEST = 21;

/** Operators that mean the same from `OLDEST` on, with the inputs, attributes and types that lowerings give them. */
const SINCE_OLDEST = new Set(
  `Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Cast Ceil Clip Concat Conv ConvTranspose Cos Cosh CumSum
  DepthToSpace Div Einsum Elu Equal Erf Exp Expand Floor Gather GatherND Gemm Greater GreaterOrEqual HardSigmoid Identity IsInf
  IsNaN LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max MaxPool Min Mod Mul Neg Not Or Pad Pow Reciprocal ReduceSum
  Relu Reshape Round Selu Shape Sigmoid Sign Sin Sinh Slice Softmax Softplus Split Sqrt Sub Tan Tanh Tile TopK
  Transpose Where Xor`.split(/\s+/),
);

/** What a version needs to know of a node. */
export interface Operator {
  readonly opType: string;
  readonly input: readonly string[];
  readonly attribute?: readonly { readonly name?: string; readonly [field: string]: unknown }[];
}

/** The lowest operator set in which `node`, rewritten by `inOpset`, means what it does. */
export function opsetOf(node: Operator): number {
  const { opType, attribute = [] } = node;
  const named = (name: string) => attribute.find((a) => a.name === name);
  if (SINCE_OLDEST.has(opType) || isReduction(opType)) return OLDEST;
  switch (opType) {
    case 'ScatterElements':
    case 'ScatterND': {
      const how = new TextDecoder().decode(named('reduction')?.['s'] as Uint8Array | undefined);
      if (how === '' || how === 'none') return OLDEST;
      return how === 'max' || how === 'min' ? 18 : 16;
    }
    case 'AveragePool':
      return isUndilated(named('dilations')) ? OLDEST : 19;
    case 'BitwiseAnd':
      return 18;
    default:
      return WRITTEN;
  }
}

/**
 * `node` as `opset` spells it. `constantOf` gives the values of a constant of integers: before 18, reductions take
 * their axes as an attribute. The rest was spelt the same all along, or is refused before.
 */
export function inOpset<N extends Operator>(
  node: N,
  opset: number,
  constantOf: (name: string) => readonly bigint[] | undefined,
): N {
  const { opType, input, attribute = [] } = node;
  if (opType === 'AveragePool' && opset < 19)
    return { ...node, attribute: attribute.filter(({ name }) => name !== 'dilations') };
  if (!isReduction(opType) || opset >= 18 || input.length < 2) return node;
  const ints = constantOf(input[1]!);
  if (ints === undefined)
    throw new MaNetError(
      'unsupported-op',
      `The axes of ${opType} are computed, which operator set ${opset} has not.`,
      {
        hint: 'take operator set 18 or a later one.',
      },
    );
  return { ...node, input: [input[0]!], attribute: [...attribute, { name: 'axes', type: INTS, ints }] };
}

/** The operator set for these nodes: the lowest, or the one wanted. Throws `unsupported-op` where they need a later one. */
export function chooseOpset(nodes: readonly Operator[], wanted?: number): number {
  const needs = nodes.map((node) => [opsetOf(node), node.opType] as const);
  const lowest = Math.max(OLDEST, ...needs.map(([opset]) => opset));
  if (wanted === undefined) return lowest;
  if (!Number.isInteger(wanted) || wanted < OLDEST || wanted > NEWEST)
    throw new MaNetError(
      'bad-argument',
      `Files are written in operator sets ${OLDEST} to ${NEWEST}, not ${wanted}.`,
      {
        hint: `leave it out for the lowest that this model needs, ${lowest}.`,
      },
    );
  if (wanted >= lowest) return wanted;
  const [, culprit] = needs.find(([opset]) => opset === lowest)!;
  throw new MaNetError(
    'unsupported-op',
    `${culprit} needs operator set ${lowest}; ${wanted} was asked for.`,
    {
      hint: 'ask for that one, or leave it out.',
    },
  );
}

/** The version of the file format that came with an operator set; runtimes know it as IR version. */
export function irOf(opset: number): number {
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return opset >= 15 ? 8 : 7;
}

/** ReduceSum alone took its axes as an input before 18. */
const isReduction = (opType: string): boolean => /^Reduce(?!Sum$)/.test(opType);
/** AttributeProto.INTS. */
const INTS = 7;

function isUndilated(attribute: Readonly<Record<string, unknown>> | undefined): boolean {
  const ints = (attribute?.['ints'] ?? []) as readonly bigint[];
  return ints.every((step) => Number(step) === 1);
}
