// Layers through an ONNX file and ONNX Runtime, against themselves on the `cpu` backend.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { exportOnnx, runOnnx } from '@ma-net/backend-onnx';
import { defineNetwork, type Net, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await startBackend(cpu);
});

const folder = mkdtempSync(join(tmpdir(), 'ma-net-onnx-layers-'));
const inputs = { images: [7, 6, 4], at: [3] } as const;
const learned = { tokens: 2, width: 4, init: { kind: 'normal', std: 1 } } as const;

const layers: Readonly<Record<string, <V>(net: Net<V>, x: V, at: V) => V>> = {
  'a dilated convolution': (net, x) => net.conv('c', x, { out: 5, kernel: 3, dilation: 2 }),
  'a dilated convolution with strides': (net, x) =>
    net.conv('c', x, { out: 5, kernel: 3, dilation: 2, stride: 2 }),
  'a dilated depthwise convolution': (net, x) => net.depthwiseConv('c', x, { kernel: 3, dilation: 2 }),
  'a dilated convolution with strides behind another': (net, x) =>
    net.depthwiseConv('d', net.relu(net.conv('c', x, { out: 4, kernel: 1 })), {
      kernel: 3,
      dilation: 2,
      stride: 2,
    }),
  'a grouped convolution': (net, x) =>
    net.groupedConv('c', x, { kernel: 3, groupWidth: 2, stride: 2, bias: true }),
  'a product of two values': (net, x) => {
    const tokens = net.tokens(x);
    return net.matmul(net.matmul(tokens, net.relu(tokens), { transposeB: true }), tokens);
  },
  'a product with learned values': (net, x) =>
    net.matmul(net.embedding('e', learned), net.tokens(x), { transposeB: true }),
  'attention of learned queries': (net, x) => {
    const tokens = net.tokens(x);
    return net.attention(net.embedding('e', learned), tokens, net.relu(tokens), { headDim: 2 });
  },
  'an image at points': (net, x) => net.sample(x, net.dense('p', net.tokens(x), { out: 2 })),
  'shares and powers': (net, x) => net.exp(net.softmax(x)),
  'cells that overlap': (net, x) => net.adaptiveAvgPool(x, { size: 4 }),
  'a quotient': (net, x) => net.div(x, net.exp(x)),
  'rows and columns': (net, x) => net.gridPositions('p', x, { most: 9 }),
  'rows by indices': (net, x, at) => net.gather(net.tokens(x), at),
};

test.each(Object.keys(layers))('%s', async (name) => {
  const network = defineNetwork('layer', inputs, (net, { images, at }) => ({
    y: layers[name]!(net, images, at),
  }));
  const { params, stats } = network.init(Rng.fromSeed(1));
  const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
  const takesIndices = name === 'rows by indices';
  const model = await exportOnnx(
    ({ images, at }) => ({
      y: network.forward(params, stats, { images: images!, at: at ?? tf.zeros([1, 3]) }, { training: false })
        .outputs.y,
    }),
    {
      inputs: {
        images: { shape: ['batch', 7, 6, 4] },
        ...(takesIndices ? { at: { shape: ['batch', 3] } } : {}),
      },
      parameters: params,
    },
  );
  writeFileSync(path, model);
  for (const batch of [1, 3]) {
    const shape = [batch, 7, 6, 4];
    const images = Rng.fromSeed(2).normals(batch * 168, 1);
    const at = Float32Array.from({ length: 3 * batch }, (_, k) => ((k * 17) % 44) - 1);
    const given = { images: tf.tensor(images, shape), at: tf.tensor(at, [batch, 3]) };
    const want = network.forward(params, stats, given, { training: false }).outputs.y;
    const found = await runOnnx(path, {
      images: { data: images, shape },
      ...(takesIndices ? { at: { data: at, shape: [batch, 3] } } : {}),
    });
    expect(found['y']!.shape).toEqual(want.shape);
    const values = await want.data();
    found['y']!.data.forEach((value, k) => expect(value).toBeCloseTo(values[k]!, 4));
  }
});
