// Runs a program on shapes and writes down what it sees: parameters, statistics, connections, features,
// costs, and the coupling groups, found by following every channel from the kernels that write it to the
// kernels that read it.

import { MaNetError } from './errors.ts';
import { kaimingFanOut, ones, uniformFanIn, zeros } from './init.ts';
import type {
  CouplingGroup,
  CouplingMember,
  FeatureInfo,
  ModulatedKernel,
  ParameterSpec,
  StatisticSpec,
} from './network.ts';
import type { Net, Program } from './program.ts';

export type Shapes = Readonly<Record<string, readonly number[]>>;

export interface Description {
  readonly numClasses: number;
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticSpec[];
  readonly kernels: readonly ModulatedKernel[];
  readonly groups: readonly CouplingGroup[];
  readonly features: readonly FeatureInfo[];
}

/** Channels that are made, normalised and read together. Joined spaces point to the one they became. */
interface Space {
  /** How many spaces there were before it: the earliest names the group. */
  readonly order: number;
  readonly id: string;
  readonly units: number;
  readonly members: CouplingMember[];
  readonly pinnedBy: string[];
  joined?: Space;
}

/** A value without numbers: its shape but for the batch, and the spaces its channels consist of. */
interface Shaped {
  readonly shape: readonly number[];
  readonly spaces: readonly Space[];
}

/** Describes `program` on images of `inputShape`; `shapes` overrides the widths that the program asks for. */
export function describe(
  program: Program,
  inputShape: readonly [number, number, number],
  shapes: Shapes = {},
): Description {
  const parameters: ParameterSpec[] = [];
  const statistics: StatisticSpec[] = [];
  const kernels: ModulatedKernel[] = [];
  const spaces: Space[] = [];
  const features: { name: string; value: Shaped }[] = [];

  const newSpace = (id: string, units: number): Space => {
    const space: Space = { order: spaces.length, id, units, members: [], pinnedBy: [] };
    spaces.push(space);
    return space;
  };
  const declare = (spec: ParameterSpec): void => {
    if (parameters.some((p) => p.name === spec.name)) {
      throw new MaNetError('bad-argument', `Two layers of the network are called "${spec.name}".`, {
        hint: 'give every layer a name of its own; weights cannot be shared by name.',
      });
    }
    parameters.push(spec);
  };
  const touch = (x: Shaped, tensor: string, axis: number, role: 'norm' | 'read'): void => {
    let start = 0;
    for (const space of x.spaces) {
      find(space).members.push({ tensor, axis, start, block: 1, role });
      start += space.units;
    }
  };
  const write = (name: string, units: number, tensors: readonly [string, number][]): Space => {
    const space = newSpace(name, units);
    for (const [tensor, axis] of tensors)
      space.members.push({ tensor, axis, start: 0, block: 1, role: 'write' });
    return space;
  };

  const net: Net<Shaped> = {
    conv(
      name,
      x,
      { out: asked, kernel, stride = 1, pad = Math.floor(kernel / 2), bias = false, modulated = true, init },
    ) {
      const [height, width, channels] = imageShape(name, x);
      const weight = `${name}.weight`;
      const out = shapes[weight]?.[3] ?? asked;
      const [rows, columns] = [
        window(name, height, kernel, stride, pad),
        window(name, width, kernel, stride, pad),
      ];
      const shape = [kernel, kernel, channels, out] as const;
      declare({
        name: weight,
        kind: 'conv',
        shape,
        init: init ?? kaimingFanOut(shape),
        positions: rows * columns,
      });
      if (bias) declare(vector(`${name}.bias`, out, uniformFanIn(kernel * kernel * channels)));
      if (modulated) {
        kernels.push({
          param: weight,
          preAxis: 2,
          postAxis: 3,
          preNeurons: channels,
          postNeurons: out,
          area: kernel * kernel,
          width: kernel,
        });
      }
      touch(x, weight, 2, 'read');
      return {
        shape: [rows, columns, out],
        spaces: [write(name, out, [[weight, 3], ...(bias ? [[`${name}.bias`, 0] as [string, number]] : [])])],
      };
    },
    dense(name, x, { out: asked, bias = true, modulated = true, init }) {
      const inputs = x.shape.at(-1)!;
      const weight = `${name}.weight`;
      const out = shapes[weight]?.[1] ?? asked;
      const positions = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
      declare({
        name: weight,
        kind: 'dense',
        shape: [inputs, out],
        init: init ?? uniformFanIn(inputs),
        positions,
      });
      if (bias) declare(vector(`${name}.bias`, out, init === undefined ? uniformFanIn(inputs) : zeros));
      if (modulated) {
        kernels.push({
          param: weight,
          preAxis: 0,
          postAxis: 1,
          preNeurons: inputs,
          postNeurons: out,
          area: 1,
          width: 1,
        });
      }
      touch(x, weight, 0, 'read');
      return {
        shape: [...x.shape.slice(0, -1), out],
        spaces: [write(name, out, [[weight, 1], ...(bias ? [[`${name}.bias`, 0] as [string, number]] : [])])],
      };
    },
    batchNorm(name, x) {
      const channels = x.shape.at(-1)!;
      declare(vector(`${name}.weight`, channels, ones));
      declare(vector(`${name}.bias`, channels, zeros));
      statistics.push({ name: `${name}.running_mean`, shape: [channels], initial: 0 });
      statistics.push({ name: `${name}.running_var`, shape: [channels], initial: 1 });
      for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
        touch(x, `${name}.${part}`, 0, 'norm');
      return x;
    },
    relu: (x) => x,
    add(a, b) {
      if (a.shape.join() !== b.shape.join()) {
        throw new MaNetError(
          'shape-mismatch',
          `Cannot add [${a.shape.join(', ')}] and [${b.shape.join(', ')}].`,
          {
            hint: 'the two paths of a residual block must end at the same size and width.',
          },
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
    flatten(x) {
      const positions = x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
      return {
        shape: [positions * x.shape.at(-1)!],
        spaces: Array.from({ length: positions }, () => x.spaces).flat(),
      };
    },
    feature(name, x) {
      features.push({ name, value: x });
      return x;
    },
  };

  // The images' own channels belong to nobody's group: they are not ours to cut.
  const images: Shaped = {
    shape: inputShape,
    spaces: [{ order: -1, id: 'images', units: inputShape[2], members: [], pinnedBy: [] }],
  };
  const logits = program(net, images);
  for (const space of logits.spaces) find(space).pinnedBy.push('the logits');

  return {
    numClasses: logits.shape.at(-1)!,
    parameters,
    statistics,
    kernels,
    groups: spaces
      .filter((space) => space.joined === undefined)
      .map(({ id, units, members, pinnedBy }) => ({ id, units, members, pinnedBy })),
    features: features.map(({ name, value }) => ({
      name,
      channels: value.shape.at(-1)!,
      stride: inputShape[0] / value.shape[0]!,
      groups: [...new Set(value.spaces.map((s) => find(s).id))],
    })),
  };
}

function find(space: Space): Space {
  let root = space;
  while (root.joined !== undefined) root = root.joined;
  return root;
}

/** Makes the channels of two added values one: neither can lose an index without the other. */
function join(a: Shaped, b: Shaped): void {
  const sameLayout =
    a.spaces.length === b.spaces.length && a.spaces.every((s, i) => s.units === b.spaces[i]!.units);
  if (!sameLayout) {
    for (const space of [...a.spaces, ...b.spaces])
      find(space).pinnedBy.push('a sum of differently joined channels');
    return;
  }
  a.spaces.forEach((space, i) => {
    const pair = [find(space), find(b.spaces[i]!)] as const;
    if (pair[0] === pair[1]) return;
    const [kept, gone] = pair.toSorted((x, y) => x.order - y.order) as [Space, Space];
    kept.members.push(...gone.members);
    kept.pinnedBy.push(...gone.pinnedBy);
    gone.joined = kept;
  });
}

function imageShape(layer: string, x: Shaped): readonly [number, number, number] {
  if (x.shape.length !== 3) {
    throw new MaNetError(
      'shape-mismatch',
      `Layer "${layer}" needs [height, width, channels] but receives [${x.shape.join(', ')}].`,
      {
        hint: 'a convolution or a pooling can only follow layers that keep the image.',
      },
    );
  }
  return x.shape as readonly [number, number, number];
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

function window(layer: string, size: number, kernel: number, stride: number, pad: number): number {
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  if (out < 1) {
    throw new MaNetError(
      'shape-mismatch',
      `Layer "${layer}" has no output: ${size} pixels with padding ${pad} do not hold a window of ${kernel}.`,
      {
        hint: 'use larger images, or a network with fewer stages.',
      },
    );
  }
  return out;
}

function vector(name: string, size: number, init: ParameterSpec['init']): ParameterSpec {
  return { name, kind: 'vector', shape: [size], init, positions: 0 };
}
