// Layers that look far, with the gradients of everything they read: windows with gaps, groups of channels, products of
// values, rows and points.

import { defineNetwork, type Net } from '@ma-net/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { test } from 'vitest';
import { agrees, Draw, random } from '../test/oracle.ts';

const layers: Readonly<Record<string, <V>(net: Net<V>, x: V, points: V) => V>> = {
  'dilated convolution': (net, x) => net.conv('c', x, { out: 3, kernel: 3, dilation: 2, bias: true }),
  'dilated convolution with strides': (net, x) =>
    net.conv('c', x, { out: 3, kernel: 3, dilation: 2, stride: 2 }),
  'dilated convolution, strides apart': (net, x) =>
    net.conv('c', x, { out: 3, kernel: 2, dilation: 3, stride: 2, pad: 4 }),
  'dilated depthwise convolution': (net, x) => net.depthwiseConv('c', x, { kernel: 3, dilation: 2 }),
  'grouped convolution': (net, x) => net.groupedConv('c', x, { kernel: 3, groupWidth: 2, groupOut: 3 }),
  'product of two values': (net, x) => net.matmul(net.tokens(x), net.tokens(x), { transposeB: true }),
  'product with learned values': (net, x) =>
    net.matmul(net.embedding('e', { tokens: 3, width: 4, init: { kind: 'normal', std: 1 } }), net.tokens(x), {
      transposeB: true,
    }),
  'image at points': (net, x, points) => net.sample(x, points),
};

test.each(Object.keys(layers))('%s', async (name) => {
  const shapes = name === 'image at points' ? { x: [7, 6, 4], points: [5, 2] } : { x: [7, 6, 4] };
  const network = defineNetwork('layer', shapes as Shapes, (net, { x, points }) => ({
    y: layers[name]!(net, x, points),
  }));
  const draw = new Draw(1);
  const inputs = [random(draw, [2, 7, 6, 4]), ...('points' in shapes ? [pointsOf(draw)] : [])];
  const names = [...Object.keys(shapes), ...network.parameters.map((spec) => spec.name)];
  await agrees(
    (...tensors: Tensor[]) => {
      const all = Object.fromEntries(names.map((one, i) => [one, tensors[i]!]));
      const given = Object.fromEntries(Object.keys(shapes).map((one) => [one, all[one]!]));
      return network.forward(all, {}, given as Record<keyof Shapes, Tensor>, { training: true }).outputs.y;
    },
    [...inputs, ...network.parameters.map(({ shape }) => random(draw, shape))],
    { gradient: true },
  );
});

type Shapes = Readonly<Record<'x' | 'points', readonly number[]>>;

/** Some of them beyond the image. */
const pointsOf = (draw: Draw) => random(draw, [2, 5, 2], 'float32', -0.2, 1.2);
