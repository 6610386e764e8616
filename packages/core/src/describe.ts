// Runs a program on shapes and writes down what it sees: parameters, statistics, connections, features,
// costs, and the coupling groups, found by following every channel from the kernels that write it to the
// kernels that read it.

import { tokenLayers } from './describe-tokens.ts';
import { MaNetError } from './errors.ts';
import { kaimingFanOut, ones, uniformFanIn, zeros } from './init.ts';
import { Ledger, type Shapes } from './ledger.ts';
import type { CouplingGroup, FeatureInfo, ModulatedKernel, ParameterSpec, StatisticSpec } from './network.ts';
import type { Net, Program } from './program.ts';
import { groupsOf, join, pin, rootOf, type Shaped } from './spaces.ts';

export interface Description {
  readonly numClasses: number;
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticSpec[];
  readonly kernels: readonly ModulatedKernel[];
  readonly groups: readonly CouplingGroup[];
  readonly features: readonly FeatureInfo[];
  readonly attentionMacs: number;
}

/** Describes `program` on images of `inputShape`; `shapes` overrides the widths that the program asks for. */
export function describe(
  program: Program,
  inputShape: readonly [number, number, number],
  shapes: Shapes = {},
): Description {
  const ledger = new Ledger(shapes);
  const features: { name: string; value: Shaped }[] = [];
  const net: Net<Shaped> = {
    ...imageLayers(ledger),
    ...tokenLayers(ledger),
    feature(name, x) {
      features.push({ name, value: x });
      return x;
    },
  };

  // The images' own channels belong to nobody's group: they are not ours to cut.
  const images: Shaped = {
    shape: inputShape,
    spaces: [{ order: -1, id: 'images', units: inputShape[2], block: 1, members: [], pinnedBy: [] }],
  };
  const logits = program(net, images);
  pin(logits, 'the logits');

  const { parameters, statistics, kernels, attentionMacs } = ledger;
  return {
    numClasses: logits.shape.at(-1)!,
    parameters,
    statistics,
    kernels,
    groups: groupsOf(ledger.spaces),
    features: features.map(({ name, value }) => ({
      name,
      channels: value.shape.at(-1)!,
      stride: inputShape[0] / value.shape[0]!,
      groups: [...new Set(value.spaces.map((s) => rootOf(s).id))],
    })),
    attentionMacs,
  };
}

type ImageLayers = Pick<
  Net<Shaped>,
  | 'conv'
  | 'dense'
  | 'batchNorm'
  | 'relu'
  | 'gelu'
  | 'add'
  | 'concat'
  | 'maxPool'
  | 'avgPool'
  | 'globalAveragePool'
  | 'flatten'
>;

function imageLayers(ledger: Ledger): ImageLayers {
  return {
    conv(name, x, options) {
      const { kernel, stride = 1, pad = Math.floor(kernel / 2), bias = false, modulated = true } = options;
      const [height, width, channels] = imageShape(name, x);
      const out = ledger.width(`${name}.weight`, 3, options.out);
      const rows = window(name, height, kernel, stride, pad);
      const columns = window(name, width, kernel, stride, pad);
      const shape = [kernel, kernel, channels, out] as const;
      const init = options.init ?? kaimingFanOut(shape);
      const spec = { kind: 'conv', shape, init, positions: rows * columns } as const;
      return {
        shape: [rows, columns, out],
        spaces: [ledger.kernel(name, x, spec, { bias, modulated })],
      };
    },
    dense(name, x, { out: asked, bias = true, modulated = true, init }) {
      const inputs = x.shape.at(-1)!;
      const out = ledger.width(`${name}.weight`, 1, asked);
      const spec = {
        kind: 'dense',
        shape: [inputs, out],
        init: init ?? uniformFanIn(inputs),
        positions: product(x.shape.slice(0, -1)),
      } as const;
      const biasInit = init === undefined ? uniformFanIn(inputs) : zeros;
      return {
        shape: [...x.shape.slice(0, -1), out],
        spaces: [ledger.kernel(name, x, spec, { bias, biasInit, modulated })],
      };
    },
    batchNorm(name, x) {
      ledger.affine(`${name}.weight`, x, ones);
      ledger.affine(`${name}.bias`, x, zeros);
      ledger.statistic(`${name}.running_mean`, x, 0);
      ledger.statistic(`${name}.running_var`, x, 1);
      return x;
    },
    relu: (x) => x,
    gelu: (x) => x,
    add(a, b) {
      if (a.shape.join() !== b.shape.join()) {
        throw new MaNetError(
          'shape-mismatch',
          `Cannot add [${a.shape.join(', ')}] and [${b.shape.join(', ')}].`,
          { hint: 'the two paths of a residual block must end at the same size and width.' },
        );
      }
      join(a, b);
      return a;
    },
    concat(values) {
      const channels = values.reduce((sum, v) => sum + v.shape.at(-1)!, 0);
      return { shape: [...values[0]!.shape.slice(0, -1), channels], spaces: values.flatMap((v) => v.spaces) };
    },
    maxPool: (x, { kernel, stride, pad = 0 }) => pooled(x, kernel, stride, pad),
    avgPool: (x, { kernel, stride, pad = 0 }) => pooled(x, kernel, stride, pad),
    globalAveragePool: (x) => ({ shape: [x.shape.at(-1)!], spaces: x.spaces }),
    flatten: (x) => ({
      shape: [product(x.shape)],
      spaces: Array.from({ length: product(x.shape.slice(0, -1)) }, () => x.spaces).flat(),
    }),
  };
}

function pooled(x: Shaped, kernel: number, stride: number, pad: number): Shaped {
  const [height, width, channels] = imageShape('pooling', x);
  const shape = [
    window('pooling', height, kernel, stride, pad),
    window('pooling', width, kernel, stride, pad),
    channels,
  ];
  return { shape, spaces: x.spaces };
}

/** [height, width, channels] of `x`. Throws `shape-mismatch` when it is no image. */
function imageShape(layer: string, x: Shaped): readonly [number, number, number] {
  if (x.shape.length !== 3) {
    throw new MaNetError(
      'shape-mismatch',
      `Layer "${layer}" needs [height, width, channels] but receives [${x.shape.join(', ')}].`,
      { hint: 'a convolution or a pooling can only follow layers that keep the image.' },
    );
  }
  return x.shape as readonly [number, number, number];
}

function window(layer: string, size: number, kernel: number, stride: number, pad: number): number {
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  if (out < 1) {
    throw new MaNetError(
      'shape-mismatch',
      `Layer "${layer}" has no output: ${size} pixels with padding ${pad} do not hold a window of ${kernel}.`,
      { hint: 'use larger images, or a network with fewer stages.' },
    );
  }
  return out;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
