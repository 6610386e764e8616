import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { expectClose, leaked, normals } from '../test/numerics.ts';
import { classifier } from '../test/single.ts';
import { attention } from './attention.ts';
import { defineNetwork } from './define.ts';
import { batchNorm, conv2d, dense, gelu, layerNorm, runningBatchNorm } from './layers.ts';
import type { Network } from './network.ts';
import type { Params } from './params.ts';
import type { Net, Program } from './program.ts';
import { Rng } from './rng.ts';

const residual: Program = (net, { images }) => {
  const a = net.relu(net.batchNorm('bn', net.conv('conv', images, { out: 4, kernel: 3, stride: 2 })));
  const b = net.conv('wide', a, { out: 4, kernel: 3, bias: true });
  return { a, logits: net.dense('fc', net.globalAveragePool(net.add(a, b)), { out: 3 }) };
};

function transformer<V>(net: Net<V>, x: V): V {
  const patches = net.tokens(net.conv('patch', x, { out: 8, kernel: 4, stride: 4, pad: 0, bias: true }));
  const normal = { kind: 'normal', std: 1 } as const;
  const cls = net.embedding('cls', { tokens: 1, width: 8, init: normal });
  const position = net.embedding('position', { tokens: 5, width: 8, init: normal });
  const tokens = net.add(net.prepend(cls, patches), position);
  const before = net.layerNorm('norm', tokens, { epsilon: 1e-6 });
  const [q, k, v] = ['q', 'k', 'v'].map((name) => net.dense(name, before, { out: 8 })) as [V, V, V];
  const after = net.add(tokens, net.dense('proj', net.attention(q, k, v, { headDim: 4 }), { out: 8 }));
  return net.dense('fc', net.flatten(net.takeTokens(net.gelu(after), 0, 1)), { out: 3 });
}

function windows<V>(net: Net<V>, x: V): V {
  const stem = net.conv('stem', x, { out: 8, kernel: 1 });
  const [q, k, v] = ['q', 'k', 'v'].map((name) => net.dense(name, stem, { out: 8 })) as [V, V, V];
  const mixed = net.windowAttention('attn', q, k, v, { headDim: 4, window: 2, shift: 1 });
  const merged = net.dense('merge', net.mergePatches(mixed), { out: 8, bias: false });
  const grid = net.grid(net.tokens(merged), 4, 4);
  const pooled = net.concat([
    net.maxPool(grid, { kernel: 2, stride: 2 }),
    net.avgPool(grid, { kernel: 3, stride: 2, pad: 1 }),
  ]);
  return net.dense('fc', net.flatten(pooled), { out: 3 });
}

const images = (seed: number, batch = 2): tf.Tensor4D =>
  tf.tensor4d(normals(seed, batch * 8 * 8 * 3), [batch, 8, 8, 3]);

const filled = (network: Network): { params: Params; stats: Params } => {
  const { stats } = network.init(Rng.fromSeed(1));
  const params = Object.fromEntries(
    network.parameters.map(({ name, shape }, i) => [
      name,
      tf.tensor(
        normals(
          i + 10,
          shape.reduce((a, b) => a * b, 1),
        ),
        [...shape],
      ),
    ]),
  );
  return { params, stats };
};

describe('a convolutional program', () => {
  const network = defineNetwork('residual', { images: [8, 8, 3] }, residual);

  test.each([true, false])('is its layers one after the other, training: %s', async (training) => {
    const { params: p, stats } = filled(network);
    const x = images(1);
    const affine = { gain_C: p['bn.weight'] as tf.Tensor1D, offset_C: p['bn.bias'] as tf.Tensor1D };
    const running = {
      mean_C: stats['bn.running_mean'] as tf.Tensor1D,
      variance_C: stats['bn.running_var'] as tf.Tensor1D,
    };
    const c = conv2d(x, p['conv.weight'] as tf.Tensor4D, { stride: 2, pad: 1 });
    const trained = batchNorm(c, affine, running);
    const a = tf.relu(training ? trained.y : runningBatchNorm(c, affine, running)) as tf.Tensor4D;
    const b = tf.add(conv2d(a, p['wide.weight'] as tf.Tensor4D, { stride: 1, pad: 1 }), p['wide.bias']!);
    const expected = dense(tf.mean(tf.add(a, b), [1, 2]), p['fc.weight'] as tf.Tensor2D, p['fc.bias']!);

    const result = network.forward(p, stats, { images: x }, { training });
    await expectClose(result.outputs['logits']!, await expected.data());
    await expectClose(result.outputs['a']!, await a.data());
    const next = training ? trained.running : running;
    await expectClose(result.stats['bn.running_mean']!, await next.mean_C.data());
    await expectClose(result.stats['bn.running_var']!, await next.variance_C.data());
    if (!training) expect(result.stats['bn.running_mean']).toBe(stats['bn.running_mean']);
  });

  test('moves the statistics by the momentum it is given', async () => {
    const { params, stats } = filled(network);
    const whole = network.forward(params, stats, { images: images(1) }, { training: true, momentum: 1 });
    const half = network.forward(
      params,
      stats,
      { images: images(1) },
      { training: true, momentum: tf.scalar(0.5) },
    );
    const expected = [...(await whole.stats['bn.running_mean']!.data())].map((m) => m / 2);
    await expectClose(half.stats['bn.running_mean']!, expected);
  });

  test('treats images one by one when it does not train', async () => {
    const { params, stats } = filled(network);
    const [x, y] = [images(1, 1), images(2, 1)];
    const run = async (batch: tf.Tensor4D): Promise<number[]> => [
      ...(await network
        .forward(params, stats, { images: batch }, { training: false })
        .outputs['logits']!.data()),
    ];
    await expectClose(await run(tf.concat([x, y], 0)), [...(await run(x)), ...(await run(y))]);
  });

  test('borrows everything and owns its results', () => {
    const { params, stats } = filled(network);
    const x = images(1);
    expect(
      leaked(() => {
        const { outputs, stats: next } = network.forward(params, stats, { images: x }, { training: true });
        tf.dispose([{ ...outputs }, { ...next }]);
      }),
    ).toBe(0);
    expect(params['conv.weight']!.isDisposed || stats['bn.running_var']!.isDisposed || x.isDisposed).toBe(
      false,
    );
  });

  test('says which parameter is missing', () => {
    const { params, stats } = filled(network);
    const { 'fc.bias': _, ...rest } = params;
    expect(() => network.forward(rest, stats, { images: images(1) }, { training: false })).toThrow(
      /"fc.bias" is missing/,
    );
    expect(() => network.forward(params, {}, { images: images(1) }, { training: false })).toThrow(
      /"bn.running_mean" is missing/,
    );
  });
});

test('a transformer is its layers one after the other', async () => {
  const network = defineNetwork('transformer', { images: [8, 8, 3] }, classifier(transformer));
  const { params: p, stats } = filled(network);
  const x = images(3);
  const line = (name: string, t: tf.Tensor): tf.Tensor =>
    dense(t, p[`${name}.weight`] as tf.Tensor2D, p[`${name}.bias`]!);
  const patches = tf.add(
    conv2d(x, p['patch.weight'] as tf.Tensor4D, { stride: 4, pad: 0 }),
    p['patch.bias']!,
  );
  const twoCls = tf.concat([p['cls']!, p['cls']!], 0);
  const tokens = tf.add(tf.concat([twoCls, tf.reshape(patches, [2, 4, 8])], 1), p['position']!);
  const normed = layerNorm(tokens, p['norm.weight']!, p['norm.bias']!, 1e-6);
  const [q, k, v] = ['q', 'k', 'v'].map((name) => line(name, normed) as tf.Tensor3D) as [
    tf.Tensor3D,
    tf.Tensor3D,
    tf.Tensor3D,
  ];
  const after = gelu(tf.add(tokens, line('proj', attention(q, k, v, 2))));
  const expected = line('fc', tf.reshape(tf.slice(after, [0, 0, 0], [2, 1, 8]), [2, 8]));
  await expectClose(
    network.forward(p, stats, { images: x }, { training: false }).outputs['logits']!,
    await expected.data(),
  );
});

test.each<[string, Program]>([
  ['residual', residual],
  ['transformer', classifier(transformer)],
  ['windows', classifier(windows)],
])('%s: shapes are as described, and every parameter matters', async (name, program) => {
  const network = defineNetwork(name, { images: [8, 8, 3] }, program);
  const { params, stats } = filled(network);
  const run = (p: Params): tf.Tensor =>
    network.forward(p, stats, { images: images(4) }, { training: false }).outputs['logits']!;
  const before = await run(params).data();
  expect(run(params).shape).toEqual([2, ...network.outputs.find((o) => o.name === 'logits')!.shape]);
  for (const { name: changed } of network.parameters) {
    // A bias of all keys shifts every score of a query alike, which the softmax does not see.
    if (changed === 'k.bias') continue;
    const other = { ...params, [changed]: tf.mul(params[changed]!, 1.5) };
    const after = await run(other).data();
    expect([changed, after.some((value, i) => Math.abs(value - before[i]!) > 1e-4)]).toEqual([changed, true]);
  }
});
