// Each layer of core as a line of PyTorch. Images go in whichever order of axes the layer before left them.

import {
  type AdaptiveAvgPoolOptions,
  type AttentionOptions,
  type ConvOptions,
  type CropOptions,
  type DenseOptions,
  type DepthwiseConvOptions,
  type DropOptions,
  type GroupedConvOptions,
  type GroupNormOptions,
  type LayerNormOptions,
  type MatmulOptions,
  type PoolOptions,
  padOf,
  type ScaleGradientOptions,
  type ScaleOptions,
  type TakeTokensOptions,
  type UpsampleOptions,
  type WindowAttentionOptions,
} from '@ma-net/core';
import * as modules from './modules.ts';
import type { Made, Value, Writer } from './writer.ts';

/** One layer applied. */
export interface Layer<Options> {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly options: Options;
  /** Of what it makes, without the batch. */
  readonly shape: readonly number[];
}

/** Writes a layer down; a layer that does nothing here returns its input. */
export type Operation = (on: Writer, layer: Layer<never>) => Made;

type Bare = Layer<null>;

/** A function of every number by itself, which leaves the order of axes as it is. */
const each =
  (name: string) =>
  (_: Writer, { inputs: [x] }: Bare): Made => ({ code: `${name}(${x!.code})`, first: x!.first });

/** By the kind of the layer. */
export const operations: Readonly<Record<string, Operation>> = {
  conv: (on, { name, inputs: [x], options, shape }: Layer<ConvOptions>) =>
    convolution(on, name, x!, { ...options, out: shape.at(-1)!, groups: 1 }),
  depthwiseConv: (on, { name, inputs: [x], options }: Layer<DepthwiseConvOptions>) =>
    convolution(on, name, x!, { ...options, out: x!.shape.at(-1)!, groups: x!.shape.at(-1)! }),
  groupedConv: (on, { name, inputs: [x], options, shape }: Layer<GroupedConvOptions>) =>
    convolution(on, name, x!, {
      ...options,
      out: shape.at(-1)!,
      groups: x!.shape.at(-1)! / options.groupWidth,
    }),
  dense(on, { name, inputs: [x], options: { bias = true }, shape }: Layer<DenseOptions>) {
    if (on.isFused(`${name}.weight`)) {
      const weights = ['weight', ...(bias ? ['bias'] : [])].map((end) => on.parameter(`${name}.${end}`));
      return { code: `F.linear(${[on.last(x!), ...weights].join(', ')})` };
    }
    const module = modules.linear(x!.shape.at(-1)!, shape.at(-1)!, bias);
    return { code: `${on.module(name, module)}(${on.last(x!)})` };
  },

  batchNorm(on, { name, inputs: [x] }: Bare) {
    const module = on.module(name, modules.batchNorm(x!.shape.length === 3 ? 2 : 1, x!.shape.at(-1)!));
    return channelsSecond(on, x!, (y) => `${module}(${y})`);
  },
  frozenBatchNorm(on, { name, inputs: [x] }: Bare) {
    const parts = ['running_mean', 'running_var', 'weight', 'bias'].map((end) => on.buffer(`${name}.${end}`));
    return channelsSecond(on, x!, (y) => `F.batch_norm(${[y, ...parts].join(', ')})`);
  },
  groupNorm(on, { name, inputs: [x], options }: Layer<GroupNormOptions>) {
    const channels = x!.shape.at(-1)!;
    const groups = channels / options.groupWidth;
    const module = on.module(name, modules.groupNorm(groups, channels, options.epsilon));
    return channelsSecond(on, x!, (y) => `${module}(${y})`);
  },
  layerNorm(on, { name, inputs: [x], options: { epsilon } }: Layer<LayerNormOptions>) {
    return { code: `${on.module(name, modules.layerNorm(x!.shape.at(-1)!, epsilon))}(${on.last(x!)})` };
  },

  exp: each('torch.exp'),
  softmax: (on, { inputs: [x] }: Bare) => ({ code: `torch.softmax(${on.last(x!)}, -1)` }),
  relu: each('F.relu'),
  sigmoid: each('torch.sigmoid'),
  silu: each('F.silu'),
  hardSwish: each('F.hardswish'),
  gelu: each('F.gelu'),

  add: (on, { inputs: [a, b] }: Bare) => ({ code: `${a!.code} + ${on.like(a!, b!)}`, first: a!.first }),
  mul(on, { inputs: [x, gate] }: Bare) {
    const missing = x!.shape.length - gate!.shape.length;
    const axes = Array<string>(missing).fill('None');
    const index = (x!.first ? [':', ':', ...axes] : [':', ...axes, ':']).join(', ');
    const factor = missing === 0 ? on.like(x!, gate!) : `${gate!.code}[${index}]`;
    return { code: `${x!.code} * ${factor}`, first: x!.first };
  },
  div: (on, { inputs: [a, b] }: Bare) => ({ code: `${a!.code} / ${on.like(a!, b!)}`, first: a!.first }),
  matmul(on, { inputs: [a, b], options: { transposeB = false } }: Layer<MatmulOptions>) {
    const tokens = transposeB ? `${b!.code}.transpose(1, 2)` : b!.code;
    // Tokens of an image meet every row of the other one.
    const other = a!.shape.length === 3 ? `${tokens}.unsqueeze(1)` : tokens;
    return { code: `torch.matmul(${on.last(a!)}, ${other})` };
  },
  mix(on, { name, inputs }: Layer<unknown>) {
    const values = inputs.map((x) => on.like(inputs[0]!, x)).join(', ');
    const shares = `torch.softmax(${on.parameter(name)}, 0)`;
    return {
      code: `sum(share * value for share, value in zip(${shares}, [${values}]))`,
      first: inputs[0]!.first,
    };
  },
  concat(on, { inputs }: Bare) {
    const [{ first }] = inputs as [Value];
    const values = inputs.map((x) => on.like(inputs[0]!, x)).join(', ');
    return { code: `torch.cat([${values}], ${first ? 1 : -1})`, first };
  },

  dropout(_, { inputs: [x], options: { rate } }: Layer<DropOptions>) {
    return rate === 0 ? x! : { code: `F.dropout(${x!.code}, ${rate}, self.training)`, first: x!.first };
  },
  dropPath(on, { inputs: [x], options: { rate } }: Layer<DropOptions>) {
    if (rate === 0) return x!;
    return { code: `${on.helper('drop_path')}(${x!.code}, ${rate}, self.training)`, first: x!.first };
  },
  scale: (_, { inputs: [x], options: { by } }: Layer<ScaleOptions>) => ({
    code: `${x!.code} * ${by}`,
    first: x!.first,
  }),
  /** The difference is zero, and its gradient is not. */
  scaleGradient: (_, { inputs: [x], options: { by } }: Layer<ScaleGradientOptions>) => ({
    code: `${x!.code} + ${by - 1} * (${x!.code} - ${x!.code}.detach())`,
    first: x!.first,
  }),

  maxPool: (on, { inputs: [x], options: { kernel, stride, pad = 0 } }: Layer<PoolOptions>) => ({
    code: `F.max_pool2d(${on.first(x!)}, ${kernel}, ${stride}, ${pad})`,
    first: true,
  }),
  avgPool: (on, { inputs: [x], options: { kernel, stride, pad = 0 } }: Layer<PoolOptions>) => ({
    code: `F.avg_pool2d(${on.first(x!)}, ${kernel}, ${stride}, ${pad}, count_include_pad=False)`,
    first: true,
  }),
  crop: (_, { inputs: [x], options: { top = 0, left = 0 } }: Layer<CropOptions>) => ({
    code: `${x!.code}[${x!.first ? ':, :' : ':'}, ${top}:, ${left}:]`,
    first: x!.first,
  }),
  adaptiveAvgPool: (on, { inputs: [x], options: { size } }: Layer<AdaptiveAvgPoolOptions>) => ({
    code: `F.adaptive_avg_pool2d(${on.first(x!)}, ${size})`,
    first: true,
  }),
  upsample: (on, { inputs: [x], options: { times, method = 'nearest' } }: Layer<UpsampleOptions>) => ({
    code: `F.interpolate(${on.first(x!)}, scale_factor=${times}, mode='${method}')`,
    first: true,
  }),
  globalAveragePool: (_, { inputs: [x] }: Bare) => ({
    code: `${x!.code}.mean((${x!.first ? '2, 3' : '1, 2'}))`,
  }),

  flatten: (on, { inputs: [x] }: Bare) => ({ code: `${on.last(x!)}.flatten(1)` }),
  gridPositions(on, { name, inputs: [x] }: Layer<unknown>) {
    const [height, width] = x!.shape;
    const rows = `${on.parameter(`${name}.row`)}[:${height}, None].expand(-1, ${width}, -1)`;
    const columns = `${on.parameter(`${name}.column`)}[None, :${width}].expand(${height}, -1, -1)`;
    return { code: `${on.last(x!)} + torch.cat([${rows}, ${columns}], -1)` };
  },
  tokens: (_, { inputs: [x] }: Bare) => ({
    code: x!.first ? `${x!.code}.flatten(2).transpose(1, 2)` : `${x!.code}.flatten(1, 2)`,
  }),
  grid: (_, { inputs: [x], shape: [height, width] }: Layer<unknown>) => ({
    code: `${x!.code}.unflatten(1, (${height}, ${width}))`,
  }),
  embedding: (on, { name }: Layer<unknown>) => ({ code: on.parameter(name) }),
  prepend: (_, { inputs: [first, x] }: Bare) => ({
    code: `torch.cat([${first!.code}.expand(len(${x!.code}), -1, -1), ${x!.code}], 1)`,
  }),
  takeTokens: (_, { inputs: [x], options: { start, count } }: Layer<TakeTokensOptions>) => ({
    code: `${x!.code}[:, ${start}:${start + count}]`,
  }),
  mergePatches: (on, { inputs: [x] }: Bare) => ({ code: `${on.helper('merge_patches')}(${on.last(x!)})` }),

  sample: (on, { inputs: [x, points] }: Bare) => ({
    code: `F.grid_sample(${on.first(x!)}, ${points!.code}.unsqueeze(1) * 2 - 1, align_corners=False).squeeze(2).transpose(1, 2)`,
  }),
  gather: (on, { inputs: [x, indices] }: Bare) => ({
    code: `${on.helper('take_rows')}(${x!.code}, ${indices!.code})`,
  }),

  attention(on, { inputs, options: { headDim } }: Layer<AttentionOptions>) {
    const [q, k, v, ...mask] = inputs.map(({ code }) => code);
    const heads = inputs[0]!.shape.at(-1)! / headDim;
    return { code: `${on.helper('attention')}(${[q, k, v, heads, ...mask].join(', ')})` };
  },
  windowAttention(on, { name, inputs, options }: Layer<WindowAttentionOptions>) {
    const { headDim, window, shift = 0 } = options;
    const table = on.parameter(`${name}.relative_position_bias_table`);
    const heads = inputs[0]!.shape.at(-1)! / headDim;
    const values = inputs.map((x) => on.last(x));
    on.helper('attention');
    return {
      code: `${on.helper('window_attention')}(${[...values, table, heads, window, shift].join(', ')})`,
    };
  },
};

function convolution(
  on: Writer,
  name: string,
  x: Value,
  { out, groups, ...windows }: ConvOptions & { readonly groups: number },
): Made {
  const { kernel, stride = 1, dilation = 1, bias = false } = windows;
  const sizes = { inputs: x.shape.at(-1)!, outputs: out, groups };
  const pad = padOf({ ...windows, stride });
  const module = modules.conv2d({ ...sizes, kernel, stride, pad, dilation, bias });
  return { code: `${on.module(name, module)}(${on.first(x)})`, first: true };
}

/** Applies what PyTorch wants the channels second for: images [B, C, H, W], tokens [B, C, N]. */
function channelsSecond(on: Writer, x: Value, apply: (code: string) => string): Made {
  if (x.shape.length === 2) return { code: `${apply(`${x.code}.transpose(1, 2)`)}.transpose(1, 2)` };
  return { code: apply(on.first(x)), first: x.shape.length === 3 };
}
