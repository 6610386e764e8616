// Means over the ranks in the middle of a step: a kernel of the host, which backends that record call when its inputs are
// known, with a gradient.

import { type HostInput, type HostKernel, MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

const KERNEL = 'MeanOverRanks';

/** Means over the ranks, each in the place of what it is the mean of. */
export interface Means {
  now(values: readonly Float32Array[]): void;
  later(values: readonly Float32Array[]): Promise<void>;
}

interface Host {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  write(values: Float32Array, shape: number[], dtype: tf.DataType): object;
}

let means: Means | undefined;

/** Makes the kernel average by `of`. */
export function useForMeans(of: Means): void {
  means = of;
  if (tf.getKernel(KERNEL, 'cpu') !== undefined) return;
  const kernel: HostKernel = {
    kernelName: KERNEL,
    backendName: 'cpu',
    // All ranks call as often: none may try.
    infer: (inputs) => inputs,
    kernelFunc({ inputs, backend }) {
      const host = backend as unknown as Host;
      const given = Object.values(inputs) as HostInput[];
      const values = given.map((input) => ownOf(input, host));
      means!.now(values);
      return written(given, values, host);
    },
    async later({ inputs, backend }) {
      const host = backend as Host;
      const values = inputs.map((input) => ownOf(input, host));
      await means!.later(values);
      return written(inputs, values, host);
    },
  };
  tf.registerKernel(kernel);
}

/** Memory that may be written on: a copy, where somebody may read it again. */
function ownOf({ dataId, last = false }: HostInput, host: Host): Float32Array {
  const { values } = host.data.get(dataId);
  return last ? values : values.slice();
}

const written = (
  inputs: readonly tf.TensorInfo[],
  values: readonly Float32Array[],
  host: Host,
): tf.TensorInfo[] =>
  inputs.map(({ shape, dtype }, k) => ({ dataId: host.write(values[k]!, [...shape], dtype), shape, dtype }));

/**
 * The means over all ranks of tensors, of any shapes, as part of what is being computed; undefined where the backend does not
 * compute on the host.
 */
export function meansInStep(tensors: readonly tf.Tensor[]): tf.Tensor[] | undefined {
  try {
    const out = tf.engine().runKernel(KERNEL, tensors as unknown as tf.NamedTensorMap);
    return [out].flat() as tf.Tensor[];
  } catch (error) {
    if (error instanceof Error && error.message.includes('not registered')) return undefined;
    throw error;
  }
}

/** The mean over all ranks, of any shape, and the mean of its gradients. */
export function meanInStep(x: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((given: unknown) => ({
    value: run(given as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => meanInStep(dy),
  }));
  return op(x);
}

function run(x: tf.Tensor): tf.Tensor {
  const [mean] = meansInStep([x]) ?? [];
  if (mean !== undefined) return mean;
  throw new MaNetError('unsupported-op', 'Ranks cannot average inside of a step on this backend.', {
    hint: 'run on onnx or cpu, or without what asks for it: synchronised batch normalisation, a loss of objects.',
  });
}
