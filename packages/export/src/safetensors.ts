import { basename } from 'node:path';
import { type Params, readParams, uploadParams } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beginning } from './beginning.ts';
import type { Format } from './format.ts';
import { loadNetwork, saveNetwork } from './network-file.ts';
import { pytorchText } from './pytorch/text.ts';

/** Weights in PyTorch's names and layout; plan, classes and normalisation in the metadata. */
export const safetensors: Format = {
  extension: '.safetensors',
  takesPixels: false,
  writesModel: true,
  // After eight bytes a JSON header, whose metadata come first.
  wrote: (path) => beginning(path, 1_000_000).includes('"ma-net.network":"'),

  async write(path, network, facts, { model }) {
    // Before anything is written: not every layer has a form in PyTorch.
    const text = model === undefined ? undefined : pytorchText(network.network, facts, basename(path));
    await saveNetwork(path, network, facts);
    if (model !== undefined) await writeFileAtomic(model, text!);
    const beside = model === undefined ? '' : `; the PyTorch model in ${model}`;
    return `weights in PyTorch layout, the plan in the metadata${beside}`;
  },

  async run(path, inputs) {
    const { network, params, stats } = await loadNetwork(path);
    const given = uploadParams(inputs);
    const { outputs } = tf.tidy(() => {
      const made = network.forward(params, stats, given, { training: false });
      return { outputs: made.outputs as tf.TensorContainerObject };
    });
    const read = await readParams(outputs as Params);
    tf.dispose([params, stats, given, outputs] as tf.TensorContainer);
    return read;
  },
};
