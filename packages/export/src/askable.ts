import { type DataFacts, readParams, uploadParams } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenFile } from './format.ts';
import type { TrainedNetwork } from './network-bytes.ts';

/** A network in memory that can be asked as a file can; closing it frees its tensors. */
export function askable({ network, params, stats }: TrainedNetwork, facts: DataFacts): OpenFile {
  return {
    facts,
    takesPixels: false,
    async run(inputs) {
      const given = uploadParams(inputs);
      const outputs = tf.tidy(
        () => network.forward(params, stats, given, { training: false }).outputs as tf.TensorContainerObject,
      ) as Record<string, tf.Tensor>;
      const read = await readParams(outputs);
      tf.dispose([given, outputs] as tf.TensorContainer);
      return read;
    },
    close: () => tf.dispose([params, stats] as tf.TensorContainer),
  };
}
