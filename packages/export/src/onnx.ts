// ONNX: one graph of standard operators, with the network's inputs and outputs [batch, ...] under their names.

import { exportOnnx, onnxMetadata, runOnnx } from '@ma-net/backend-onnx';
import type { HostTensor } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beginning } from './beginning.ts';
import { type Format, signatureOf } from './format.ts';
import { graphFacts, toMetadata } from './network-facts.ts';
import { normalisation } from './normalisation.ts';

export const onnx: Format = {
  extension: '.onnx',
  takesPixels: true,
  hasOperatorSets: true,
  // Field 1 is the version of the format, field 2 the producer.
  wrote: (path) => beginning(path, 32).includes('\x12\x06ma-net'),

  async write(path, { network, params, stats }, facts, { pixels, opset }) {
    const { parameters, apply } = normalisation(network, facts.input, pixels);
    const model = await exportOnnx(
      (inputs) => network.forward(params, stats, apply(inputs), { training: false }).outputs,
      {
        name: network.name,
        opset,
        inputs: Object.fromEntries(
          network.inputs.map(({ name, shape }) => [name, { shape: ['batch', ...shape] }]),
        ),
        parameters: { ...params, ...stats, ...parameters },
        metadata: { ...toMetadata(facts), takes: pixels ? 'pixels' : 'normalised images' },
      },
    );
    tf.dispose(parameters as tf.TensorContainerObject);
    await writeFileAtomic(path, model);
    return signatureOf(network, facts, pixels);
  },

  open: async (path) => ({
    ...graphFacts(await onnxMetadata(path), path),
    run: (inputs) => onnx.run(path, inputs),
    close: () => undefined,
  }),

  async run(path, inputs) {
    const given = Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      { data: Float32Array.from(data), shape },
    ]);
    const found = await runOnnx(path, Object.fromEntries(given) as Parameters<typeof runOnnx>[1]);
    return Object.fromEntries(
      Object.entries(found).map(([name, { data, shape }]): [string, HostTensor] => [
        name,
        { dtype: 'float32', data, shape },
      ]),
    );
  },
};
