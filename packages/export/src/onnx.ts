// ONNX: one graph of standard operators, from images [batch, H, W, C] to logits [batch, K].

import { exportOnnx, runOnnx } from '@ma-net/backend-onnx';
import { writeFileAtomic } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { type Format, signatureOf } from './format.ts';
import { toMetadata } from './network-facts.ts';

export const onnx: Format = {
  extension: '.onnx',
  takesPixels: true,

  async write(path, { network, params, stats }, facts, { pixels, opset }) {
    const { mean, std, white } = facts.input;
    // (pixel / white - mean) / std, as one product and one sum.
    const scale_C = tf.tensor1d(std.map((s) => 1 / (white * s)));
    const shift_C = tf.tensor1d(std.map((s, c) => -mean[c]! / s));
    const model = await exportOnnx(
      ({ images }) => {
        const input_BHWC = pixels ? tf.add(tf.mul(images!, scale_C), shift_C) : images!;
        const ctx = { training: false };
        return { logits: network.forward(params, stats, { images: input_BHWC }, ctx).outputs['logits']! };
      },
      {
        name: network.name,
        opset,
        inputs: { images: { shape: ['batch', ...network.inputs[0]!.shape] } },
        parameters: { ...params, ...stats, 'input.scale': scale_C, 'input.shift': shift_C },
        metadata: { ...toMetadata(facts), takes: pixels ? 'pixels' : 'normalised images' },
      },
    );
    tf.dispose([scale_C, shift_C]);
    await writeFileAtomic(path, model);
    return signatureOf(network, facts, pixels);
  },

  async run(path, { data, shape }) {
    const { logits } = await runOnnx(path, { images: { data, shape } });
    return logits!.data;
  },
};
