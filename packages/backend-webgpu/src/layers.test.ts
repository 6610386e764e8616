// Layers that look far, and the gradients of all that they read, against the reference: windows with gaps, and points of
// images.

import { defineNetwork, type Net } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { test } from 'vitest';
import { expectAgreement, random } from '../test/agreement.ts';
import { webgpu } from './adapter.ts';

useSwiftShader();

const layers: Readonly<Record<string, <V>(net: Net<V>, x: V) => V>> = {
  'dilated convolution': (net, x) => net.conv('c', x, { out: 3, kernel: 3, dilation: 2, bias: true }),
  'dilated depthwise convolution': (net, x) => net.depthwiseConv('c', x, { kernel: 3, dilation: 2 }),
  'image at points': (net, x) => net.sample(x, net.sigmoid(net.dense('p', net.tokens(x), { out: 2 }))),
};

describeOn(webgpu, 'layers that look far', () => {
  test.each(Object.keys(layers))('%s', async (name) => {
    const network = defineNetwork('layer', { x: [7, 6, 4] }, (net, { x }) => ({ y: layers[name]!(net, x) }));
    const shapes: Record<string, readonly number[]> = { x: [2, 7, 6, 4] };
    for (const spec of network.parameters) shapes[spec.name] = spec.shape;
    const names = Object.keys(shapes);
    const forward = (...tensors: tf.Tensor[]): tf.Tensor => {
      const all = Object.fromEntries(names.map((one, i) => [one, tensors[i]!]));
      return network.forward(all, {}, { x: all['x']! }, { training: true }).outputs.y;
    };
    const given = (): tf.Tensor[] => names.map((one) => random([...shapes[one]!], one));
    await expectAgreement(() => forward(...given()));
    for (const i of names.keys()) {
      await expectAgreement(() => {
        const y = random([2, ...network.outputs[0]!.shape], 'dy');
        return tf.grads(forward)(given(), y)[i]!;
      });
    }
  });
});
