// A tfjs graph model: a folder whose model.json `tf.loadGraphModel` loads, in a browser or in Node.

import { readParams } from '@ma-net/core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { type Format, signatureOf } from './format.ts';
import { graphModelFrom, isGraphModel, metadataIn, writeGraphModel } from './graph-model/folder.ts';
import { toGraphModel } from './graph-model/graph-model.ts';
import { graphFacts } from './network-facts.ts';

export const tfjs: Format = {
  extension: '.tfjs',
  takesPixels: true,
  folder: true,
  wrote: isGraphModel,

  async write(path, trained, facts, { pixels }) {
    await writeGraphModel(path, await toGraphModel(trained, facts, { pixels }));
    return `model.json and weights; ${signatureOf(trained.network, facts, pixels)}`;
  },

  open: async (path) => ({
    ...graphFacts(await metadataIn(path), path),
    run: (inputs) => tfjs.run(path, inputs),
    close: () => undefined,
  }),

  async run(path, inputs) {
    const model = await loadGraphModel(graphModelFrom(path));
    const names = model.outputNodes;
    const outputs = tf.tidy(() => {
      const given = Object.entries(inputs).map(([name, { data, shape }]) => [
        name,
        tf.tensor(data, [...shape], 'float32'),
      ]);
      const made = model.execute(Object.fromEntries(given) as tf.NamedTensorMap, names);
      return Object.fromEntries([made].flat().map((output, k) => [names[k]!, output]));
    });
    const read = await readParams(outputs);
    tf.dispose(outputs);
    model.dispose();
    return read;
  },
};
