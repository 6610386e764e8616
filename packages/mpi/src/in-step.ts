// A mean over the ranks in the middle of a step: a kernel of the host, which backends that record call when its input is
// known, with a gradient.

import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

const KERNEL = 'MeanOverRanks';

/** Means over the ranks, at once. */
type Mean = (values: Float32Array) => Float32Array;

let mean: Mean | undefined;

/** Makes the kernel average by `of`. */
export function useForMeans(of: Mean): void {
  mean = of;
  if (tf.getKernel(KERNEL, 'cpu') !== undefined) return;
  tf.registerKernel({
    kernelName: KERNEL,
    backendName: 'cpu',
    kernelFunc: ({ inputs, backend }) => {
      const host = backend as tf.KernelBackend;
      const { dataId, shape, dtype } = (inputs as unknown as { x: tf.TensorInfo }).x;
      // A kernel of the host runs when its input is there: nothing waits.
      // eslint-disable-next-line no-restricted-syntax
      const values = Float32Array.from(host.readSync(dataId) as Float32Array);
      return { dataId: host.write(mean!(values), [...shape], dtype), shape, dtype };
    },
  });
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
  try {
    return tf.engine().runKernel(KERNEL, { x }) as tf.Tensor;
  } catch (cause) {
    if (!(cause instanceof Error) || !cause.message.includes('not registered')) throw cause;
    throw new MaNetError('unsupported-op', 'Ranks cannot average inside of a step on this backend.', {
      hint: 'run on onnx or cpu, or without what asks for it: synchronised batch normalisation, a loss of objects.',
      cause,
    });
  }
}
