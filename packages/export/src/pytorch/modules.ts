// What a PyTorch model consists of: modules, parameters and buffers under dotted names, with the shapes that PyTorch
// gives their tensors.

/** One part of a model. */
export interface Declaration {
  /** Its dotted name. */
  readonly name: string;
  /** The Python expression that makes it. */
  readonly code: string;
  /** How it is put into the model: a buffer is no parameter. */
  readonly as: 'module' | 'parameter' | 'buffer';
  /** Its tensors by the end of their names, which is empty for a single tensor, in PyTorch's layout. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

type Module = Pick<Declaration, 'code' | 'tensors'>;

export interface Convolution {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly bias: boolean;
  readonly groups: number;
}

export function conv2d(convolution: Convolution): Module {
  const { inputs, outputs, kernel, stride, pad, dilation, bias, groups } = convolution;
  const options = [
    stride === 1 ? '' : `, stride=${stride}`,
    pad === 0 ? '' : `, padding=${pad}`,
    dilation === 1 ? '' : `, dilation=${dilation}`,
    groups === 1 ? '' : `, groups=${groups}`,
    bias ? '' : ', bias=False',
  ];
  return {
    code: `nn.Conv2d(${inputs}, ${outputs}, ${kernel}${options.join('')})`,
    tensors: {
      weight: [outputs, inputs / groups, kernel, kernel],
      ...(bias ? { bias: [outputs] } : {}),
    },
  };
}

export function linear(inputs: number, outputs: number, bias: boolean): Module {
  return {
    code: `nn.Linear(${inputs}, ${outputs}${bias ? '' : ', bias=False'})`,
    tensors: { weight: [outputs, inputs], ...(bias ? { bias: [outputs] } : {}) },
  };
}

/** Its counter of batches is left out: PyTorch takes files without one. */
export function batchNorm(axes: 1 | 2, channels: number): Module {
  const of = [channels];
  return {
    code: `nn.BatchNorm${axes}d(${channels})`,
    tensors: { weight: of, bias: of, running_mean: of, running_var: of },
  };
}

export function layerNorm(channels: number, epsilon: number): Module {
  return {
    code: `nn.LayerNorm(${channels}, eps=${epsilon})`,
    tensors: { weight: [channels], bias: [channels] },
  };
}

export function groupNorm(groups: number, channels: number, epsilon: number): Module {
  return {
    code: `nn.GroupNorm(${groups}, ${channels}, eps=${epsilon})`,
    tensors: { weight: [channels], bias: [channels] },
  };
}

export function parameter(name: string, shape: readonly number[]): Declaration {
  return {
    name,
    as: 'parameter',
    code: `nn.Parameter(torch.zeros(${shape.join(', ')}))`,
    tensors: { '': shape },
  };
}

export function buffer(name: string, shape: readonly number[], whole: boolean): Declaration {
  const code = `torch.zeros(${shape.join(', ')}${whole ? ', dtype=torch.long' : ''})`;
  return { name, as: 'buffer', code, tensors: { '': shape } };
}
