// Random small networks, masks that leave some of their channels unread, and weights that are nowhere trivial.

import { defineNetwork, type Network, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { selected } from './selected.ts';

/** A random network with residual sums, a concatenation and a dense layer on flattened channels. */
export function randomNetwork(seed: number): Network {
  const rng = Rng.fromSeed(seed).split('network');
  const width = (): number => 2 + rng.integer(5);
  const [stem, inner, left, right, hidden] = [width(), width(), width(), width(), width()];
  const [bias, projected] = [rng.integer(2) === 1, rng.integer(2) === 1];
  const out = projected ? width() : stem;
  return selected(
    defineNetwork(`random-${seed}`, { images: [4, 4, 2] }, (net, { images }) => {
      const x = net.relu(net.batchNorm('bn', net.conv('stem', images, { out: stem, kernel: 3 })));
      const a = net.relu(net.batchNorm('a.bn', net.conv('a', x, { out: inner, kernel: 3, bias })));
      const b = net.batchNorm('b.bn', net.conv('b', a, { out, kernel: 3 }));
      const shortcut = projected ? net.conv('shortcut', x, { out, kernel: 1 }) : x;
      const sum = net.relu(net.add(b, shortcut));
      const branches = [
        net.relu(net.conv('left', sum, { out: left, kernel: 1, bias })),
        net.relu(net.batchNorm('right.bn', net.conv('right', sum, { out: right, kernel: 3 }))),
      ];
      const joined = net.maxPool(net.concat([...branches, sum]), { kernel: 2, stride: 2 });
      const h = net.relu(net.dense('hidden', net.flatten(joined), { out: hidden }));
      const g = net.relu(net.dense('hidden2', h, { out: hidden + 1 }));
      return { logits: net.dense('fc', g, { out: 3 }) };
    }),
  );
}

/** A random encoder block: attention whose heads are units, a residual sum, a two-layer MLP. */
export function randomTransformer(seed: number): Network {
  const rng = Rng.fromSeed(seed).split('network');
  const [heads, headDim, hidden] = [2 + rng.integer(3), 1 + rng.integer(3), 3 + rng.integer(6)];
  const width = 6;
  return selected(
    defineNetwork(`transformer-${seed}`, { images: [4, 4, 2] }, (net, { images }) => {
      const patches = net.conv('embed', images, { out: width, kernel: 2, stride: 2, pad: 0 });
      const x = net.tokens(patches);
      const inner = heads * headDim;
      const normed = net.layerNorm('norm1', x, { epsilon: 1e-5 });
      const q = net.dense('q', normed, { out: inner });
      const k = net.dense('k', normed, { out: inner });
      const v = net.dense('v', normed, { out: inner });
      const mixed = net.dense('proj', net.attention(q, k, v, { headDim }), { out: width });
      const y = net.add(x, mixed);
      const mlp = net.gelu(net.dense('fc1', net.layerNorm('norm2', y, { epsilon: 1e-5 }), { out: hidden }));
      const z = net.add(y, net.dense('fc2', mlp, { out: width }));
      return { logits: net.dense('head', net.flatten(net.grid(z, 2, 2)), { out: 3 }) };
    }),
  );
}

/**
 * A random feature pyramid: depthwise convolutions, gates on channels, normalised groups, sums of two levels, and one
 * head of shared weights on both.
 */
export function randomPyramid(seed: number): Network {
  const rng = Rng.fromSeed(seed).split('network');
  const [stem, gate, hidden] = [3 + rng.integer(4), 1 + rng.integer(3), 2 + rng.integer(4)];
  const [groups, groupWidth, frozen] = [2 + rng.integer(3), 1 + rng.integer(3), rng.integer(2) === 1];
  const width = groups * groupWidth;
  const method = rng.integer(2) === 1 ? 'nearest' : 'bilinear';
  return defineNetwork(`pyramid-${seed}`, { images: [8, 8, 2] }, (net, { images }) => {
    const norm = (name: string, x: typeof images): typeof images =>
      frozen ? net.frozenBatchNorm(name, x) : net.batchNorm(name, x);
    const x = net.relu(norm('bn', net.conv('stem', images, { out: stem, kernel: 3 })));
    const deep = net.silu(
      norm('deep.bn', net.depthwiseConv('deep', x, { kernel: 3, stride: 2, bias: true })),
    );
    const squeezed = net.relu(net.dense('squeeze', net.globalAveragePool(deep), { out: gate }));
    const gated = net.mul(deep, net.sigmoid(net.dense('excite', squeezed, { out: stem })));
    const coarse = net.conv('inner1', gated, { out: width, kernel: 1 });
    const above = net.upsample(coarse, { times: 2, method });
    const fine = net.add(net.conv('inner0', x, { out: width, kernel: 1 }), above);
    const head = (level: typeof images): typeof images => {
      const tower = net.groupNorm(
        'tower.gn',
        net.conv('tower', level, { out: width, kernel: 3, bias: true }),
        {
          groupWidth,
          epsilon: 1e-5,
        },
      );
      const scores = net.hardSwish(net.conv('hidden', net.relu(tower), { out: hidden, kernel: 1 }));
      return net.conv('score', scores, { out: 3, kernel: 1 });
    };
    return { fine: head(fine), coarse: head(coarse) };
  });
}

/**
 * A random network of layers that look far: groups of channels, windows with gaps, products of values, learned queries.
 */
export function randomReach(seed: number): Network {
  const rng = Rng.fromSeed(seed).split('network');
  const [groups, groupWidth] = [2 + rng.integer(3), 1 + rng.integer(3)];
  const [inner, hidden] = [2 + rng.integer(4), 2 + rng.integer(4)];
  const [bias, stride] = [rng.integer(2) === 1, 1 + rng.integer(2)];
  const width = groups * groupWidth;
  const init = { kind: 'normal', std: 0.5 } as const;
  return defineNetwork(`reach-${seed}`, { images: [6, 6, 2] }, (net, { images }) => {
    const x = net.relu(net.batchNorm('bn', net.conv('stem', images, { out: width, kernel: 1 })));
    const grouped = net.groupedConv('grouped', x, { kernel: 3, stride, groupWidth, bias });
    const more = net.groupedConv('more', grouped, { kernel: 1, groupWidth, groupOut: 2 });
    const y = net.conv('dilated', net.relu(grouped), { out: inner, kernel: 3, dilation: 2, bias });
    const z = net.depthwiseConv('apart', net.relu(y), { kernel: 3, dilation: 2 });
    const tokens = net.tokens(z);
    const queries = net.embedding('queries', { tokens: 4, width: inner, init });
    const values = net.dense('values', tokens, { out: hidden });
    const scores = net.matmul(queries, net.dense('keys', tokens, { out: inner }), { transposeB: true });
    const found = net.relu(net.matmul(scores, values));
    return { found: net.dense('out', found, { out: 3 }), more };
  });
}

/** Masks in which some pre-neurons are unread altogether, but never all of a group. */
export function randomMasks(network: Network, seed: number): Record<string, Uint8Array> {
  const rng = Rng.fromSeed(seed).split('masks');
  const masks = Object.fromEntries(
    network.kernels.map(({ param, preNeurons, postNeurons }) => {
      const unread = rng.uniforms(preNeurons, 0, 1).map((x) => Number(x < 0.6));
      return [
        param,
        Uint8Array.from({ length: preNeurons * postNeurons }, (_, n) =>
          Number(unread[Math.floor(n / postNeurons)] === 0 && rng.uniform() < 0.7),
        ),
      ];
    }),
  );
  for (const { units, members } of network.groups) {
    const reader = members.find((m) => m.role === 'read' && m.tensor in masks);
    if (reader === undefined) continue;
    const { postNeurons } = network.kernels.find((k) => k.param === reader.tensor)!;
    const first = (reader.start + rng.integer(units) * reader.block) * postNeurons;
    masks[reader.tensor]!.fill(1, first, first + postNeurons);
  }
  return masks;
}

/** Weights and statistics that are nowhere trivial. */
export function lived(network: Network, seed: number): { params: Params; stats: Params } {
  const rng = Rng.fromSeed(seed).split('weights');
  const noise = (tensors: Params, low: number, high: number): Params =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [
        name,
        tf.add(t, tf.tensor(rng.split(name).uniforms(t.size, low, high), t.shape)),
      ]),
    );
  const { params, stats } = network.init(rng);
  return { params: noise(params, -0.3, 0.3), stats: noise(stats, 0, 0.5) };
}
