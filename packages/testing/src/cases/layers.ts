import {
  attention,
  batchNorm,
  crossEntropy,
  defineNetwork,
  dense,
  gelu,
  globalNorm,
  layerNorm,
  type Program,
  runningBatchNorm,
  stopGradient,
  windowAttention,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { between, type Case, normal, whole } from '../case.ts';

const vectors = (t: Record<string, tf.Tensor>, ...names: string[]): tf.Tensor1D[] =>
  names.map((name) => t[name] as tf.Tensor1D);

const residual: Program<'images', 'logits'> = (net, { images }) => {
  const stem = net.relu(net.batchNorm('bn1', net.conv('conv1', images, { out: 4, kernel: 3 })));
  const inner = net.batchNorm('bn2', net.conv('conv2', stem, { out: 4, kernel: 3 }));
  const wide = net.conv('conv3', net.relu(net.add(stem, inner)), { out: 6, kernel: 3, stride: 2 });
  const pooled = net.globalAveragePool(net.relu(net.batchNorm('bn3', wide)));
  return { logits: net.dense('fc', pooled, { out: 5 }) };
};

const network = defineNetwork('conformance', { images: [8, 8, 3] }, residual);
const initial = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, shape]));

/** The layers and losses of core, and a whole network with its gradient. */
export const layers: readonly Case[] = [
  ...[
    [6, 5, 5, 4],
    [16, 7],
  ].map(
    (shape): Case => ({
      name: `batchNorm > [${shape.join(', ')}] with the moments of the batch`,
      inputs: (rng) => ({
        x: normal(rng, ...shape),
        gain: normal(rng, shape.at(-1)!),
        offset: normal(rng, shape.at(-1)!),
        mean: normal(rng, shape.at(-1)!),
        variance: between(rng, 0.5, 2, shape.at(-1)!),
      }),
      run: (t) => {
        const [gain_C, offset_C, mean_C, variance_C] = vectors(t, 'gain', 'offset', 'mean', 'variance');
        const { y, running } = batchNorm(
          t['x']!,
          { gain_C: gain_C!, offset_C: offset_C! },
          { mean_C: mean_C!, variance_C: variance_C! },
        );
        return [y, stopGradient(running.mean_C), stopGradient(running.variance_C)];
      },
      wrt: ['x', 'gain', 'offset'],
    }),
  ),
  {
    name: 'runningBatchNorm > [2, 4, 4, 3]',
    inputs: (rng) => ({
      x: normal(rng, 2, 4, 4, 3),
      gain: normal(rng, 3),
      offset: normal(rng, 3),
      mean: normal(rng, 3),
      variance: between(rng, 0.5, 2, 3),
    }),
    run: (t) => {
      const [gain_C, offset_C, mean_C, variance_C] = vectors(t, 'gain', 'offset', 'mean', 'variance');
      return runningBatchNorm(
        t['x']!,
        { gain_C: gain_C!, offset_C: offset_C! },
        { mean_C: mean_C!, variance_C: variance_C! },
      );
    },
  },
  {
    name: 'layerNorm > [3, 4, 8]',
    inputs: (rng) => ({ x: normal(rng, 3, 4, 8), gain: normal(rng, 8), offset: normal(rng, 8) }),
    run: (t) => layerNorm(t['x']!, t['gain']!, t['offset']!, 1e-6),
  },
  {
    name: 'gelu > [4, 6]',
    inputs: (rng) => ({ x: normal(rng, 4, 6) }),
    run: ({ x }) => gelu(x!),
  },
  ...[1, 2, 4].map(
    (heads): Case => ({
      name: `attention > ${heads} heads`,
      inputs: (rng) => ({
        q: normal(rng, 2, 5, 8),
        k: normal(rng, 2, 6, 8),
        v: normal(rng, 2, 6, 8),
        bias: normal(rng, 1, heads, 5, 6),
      }),
      run: (t) =>
        attention(t['q'] as tf.Tensor3D, t['k'] as tf.Tensor3D, t['v'] as tf.Tensor3D, heads, t['bias']),
    }),
  ),
  ...[0, 1].map(
    (shift): Case => ({
      name: `windowAttention > windows of 2x2, shifted by ${shift}`,
      inputs: (rng) => ({
        q: normal(rng, 2, 4, 6, 8),
        k: normal(rng, 2, 4, 6, 8),
        v: normal(rng, 2, 4, 6, 8),
        table: normal(rng, 9, 2),
      }),
      run: (t) => {
        const [q, k, v] = [t['q'], t['k'], t['v']] as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
        const table_PA = t['table'] as tf.Tensor2D;
        return windowAttention(q, k, v, { heads: 2, window: 2, shift, table_PA });
      },
    }),
  ),
  {
    name: 'dense > over the last of three axes',
    inputs: (rng) => ({ x: normal(rng, 2, 3, 5), w: normal(rng, 5, 4), b: normal(rng, 4) }),
    run: (t) => dense(t['x']!, t['w'] as tf.Tensor2D, t['b']),
  },
  ...[0, 0.1].map(
    (smoothing): Case => ({
      name: `crossEntropy > label smoothing ${smoothing}`,
      inputs: (rng) => ({ x: normal(rng, 6, 5), labels: whole(rng, 5, 6) }),
      run: ({ x, labels }) => crossEntropy(x as tf.Tensor2D, labels as tf.Tensor1D, smoothing),
    }),
  ),
  {
    name: 'globalNorm > of two tensors',
    inputs: (rng) => ({ a: normal(rng, 3, 4), b: normal(rng, 5) }),
    run: (t) => globalNorm(t),
  },
  {
    name: 'network > residual, in training',
    inputs: (rng) => ({
      ...Object.fromEntries(
        Object.entries(initial).map(([name, shape]) => [name, normal(rng.split(name), ...shape)]),
      ),
      images: normal(rng, 8, 8, 8, 3),
      labels: whole(rng, 5, 8),
    }),
    run: ({ images, labels, ...params }) => {
      const stats = Object.fromEntries(
        network.statistics.map(({ name, shape, initial: value }) => [name, tf.fill([...shape], value)]),
      );
      const { outputs } = network.forward(params, stats, { images: images! }, { training: true });
      return crossEntropy(outputs.logits, labels!, 0.1);
    },
    wrt: Object.keys(initial),
  },
  {
    name: 'network > residual, with running statistics',
    inputs: (rng) => ({
      ...Object.fromEntries(
        Object.entries(initial).map(([name, shape]) => [name, normal(rng.split(name), ...shape)]),
      ),
      images: normal(rng, 4, 8, 8, 3),
    }),
    run: ({ images, ...params }) => {
      const stats = Object.fromEntries(
        network.statistics.map(({ name, shape, initial: value }) => [name, tf.fill([...shape], value)]),
      );
      return network.forward(params, stats, { images: images! }, { training: false }).outputs.logits;
    },
    wrt: [],
  },
  {
    name: 'recurrent cell > three steps',
    inputs: (rng) => ({
      x: normal(rng, 5, 4),
      h: normal(rng, 5, 3),
      c: normal(rng, 5, 3),
      wx: normal(rng, 4, 12),
      wh: normal(rng, 3, 12),
      b: normal(rng, 12),
    }),
    run: (t) => {
      let [h, c] = [t['h']!, t['c']!];
      for (let step = 0; step < 3; step++) {
        const gates = tf.add(tf.add(tf.matMul(t['x']!, t['wx']!), tf.matMul(h, t['wh']!)), t['b']!);
        const [i, f, g, o] = tf.split(gates, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
        h = tf.mul(tf.sigmoid(o), tf.tanh(c));
      }
      return [h, c];
    },
  },
];
