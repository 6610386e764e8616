import { readParams, settle, uploadParams } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { OpenFile } from './format.ts';
import type { NetworkFacts } from './network-facts.ts';
import type { TrainedNetwork } from './network-bytes.ts';

/** A network in memory that can be asked as a file can; closing it frees its tensors. */
export async function askable(weights: TrainedNetwork, facts: NetworkFacts): Promise<OpenFile> {
  const trained = await settle(weights);
  const { network, params, stats } = trained;
  return {
    facts,
    takesPixels: false,
    trained,
    async run(inputs) {
      const given = uploadParams(inputs);
      const outputs = tf.tidy(
        () => network.forward(params, stats, given, { training: false }).outputs as tf.TensorContainerObject,
      ) as Record<string, tf.Tensor>;
      const read = await readParams(outputs);
      tf.dispose([given, outputs] as tf.TensorContainer);
      return read;
    },
    close() {
      trained.release();
      tf.dispose([params, stats] as tf.TensorContainer);
    },
  };
}
