// A tfjs graph model: a folder whose model.json `tf.loadGraphModel` loads, in a browser or in Node.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { type Format, signatureOf } from './format.ts';
import { graphModelFrom, writeGraphModel } from './graph-model/folder.ts';
import { toGraphModel } from './graph-model/graph-model.ts';

export const tfjs: Format = {
  extension: '.tfjs',
  takesPixels: true,

  async write(path, trained, facts, { pixels }) {
    await writeGraphModel(path, await toGraphModel(trained, facts, { pixels }));
    return `model.json and weights; ${signatureOf(trained.network, facts, pixels)}`;
  },

  async run(path, { data, shape }) {
    const model = await loadGraphModel(graphModelFrom(path));
    const logits_BK = tf.tidy(() => model.predict({ images: tf.tensor4d(data, [...shape]) }) as tf.Tensor);
    const logits = (await logits_BK.data()) as Float32Array;
    logits_BK.dispose();
    model.dispose();
    return logits;
  },
};
