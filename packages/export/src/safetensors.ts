import { basename } from 'node:path';
import { writeFileAtomic } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import type { Format } from './format.ts';
import { loadNetwork, saveNetwork } from './network-file.ts';
import { pytorchText } from './pytorch/text.ts';

/** Weights in PyTorch's names and layout; plan, classes and normalisation in the metadata. */
export const safetensors: Format = {
  extension: '.safetensors',
  takesPixels: false,

  async write(path, network, facts, { model }) {
    // Before anything is written: not every layer has a form in PyTorch.
    const text = model === undefined ? undefined : pytorchText(network.network, facts, basename(path));
    await saveNetwork(path, network, facts);
    if (model !== undefined) await writeFileAtomic(model, text!);
    const beside = model === undefined ? '' : `; the PyTorch model in ${model}`;
    return `weights in PyTorch layout, the plan in the metadata${beside}`;
  },

  async run(path, { data, shape }) {
    const { network, params, stats } = await loadNetwork(path);
    const logits_BK = tf.tidy(() => {
      const images = tf.tensor4d(data, [...shape]);
      return network.forward(params, stats, { images }, { training: false }).outputs['logits']!;
    });
    const logits = (await logits_BK.data()) as Float32Array;
    tf.dispose([params, stats, logits_BK] as tf.TensorContainer);
    return logits;
  },
};
