import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend } from '@ma-net/core';
import { applyCompaction, applyPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { NetworkFacts } from '../network-facts.ts';
import type { TrainedNetwork } from '../network-bytes.ts';
import { type GraphModel, toGraphModel } from './graph-model.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const facts: NetworkFacts = {
  network: zoo({ name: 'resnet-test' }),
  shapes: {},
  classNames: ['a', 'b', 'c'],
  input: { mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3], white: 255 },
};

/** A network whose weights and statistics are all unlike what a layer starts with. */
function shaken(network: TrainedNetwork['network']): TrainedNetwork {
  const { params, stats } = network.init(Rng.fromSeed(1));
  const shake = (tensors: TrainedNetwork['params'], seed: number): Record<string, tf.Tensor> =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => {
        const noise = tf.tensor(Rng.fromSeed(seed).split(name).normals(t.size, 0.2), t.shape);
        return [name, name.endsWith('running_var') ? tf.add(tf.abs(noise), 0.5) : tf.add(t, noise)];
      }),
    );
  return { network, params: shake(params, 2), stats: shake(stats, 3) };
}

/** The network after a third of its connections went, and with them whatever channels nobody needs any more. */
function compacted({ network, params, stats }: TrainedNetwork): TrainedNetwork {
  const rng = Rng.fromSeed(4);
  const masks = Object.fromEntries(
    network.kernels.map((k) => [
      k.param,
      Uint8Array.from({ length: k.preNeurons * k.postNeurons }, () => Number(rng.uniform() > 0.3)),
    ]),
  );
  for (const { members, pinnedBy } of network.groups) {
    if (pinnedBy.length > 0) continue;
    for (const { tensor, role, start, block } of members) {
      const kernel = network.kernels.find((k) => k.param === tensor);
      if (role === 'read' && kernel !== undefined)
        masks[tensor]!.fill(0, start * kernel.postNeurons, (start + block) * kernel.postNeurons);
    }
  }
  const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.3 }));
  const plan = planCompaction(network, masks);
  expect(plan.cuts.length).toBeGreaterThan(0);
  return applyCompaction(network, pruned, stats, plan);
}

function images(batch: number, { inputs }: TrainedNetwork['network']): tf.Tensor4D {
  const shape = [batch, ...inputs[0]!.shape] as [number, number, number, number];
  const size = shape.reduce((a, b) => a * b);
  return tf.tensor4d(Rng.fromSeed(5).normals(size, 1), shape);
}

/** As `loadGraphModel` gets it from anywhere. */
async function loaded({ description, weights }: GraphModel) {
  const parts = weights.map(({ data: { buffer, byteOffset, byteLength } }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  const artifacts = {
    ...description,
    weightSpecs: weights.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype })),
    weightData: Uint8Array.from(Buffer.concat(parts)).buffer,
  };
  return loadGraphModel(tf.io.fromMemory(artifacts as unknown as tf.io.ModelArtifacts));
}

async function largestDifference(trained: TrainedNetwork, batch: number): Promise<number> {
  const model = await loaded(await toGraphModel(trained, facts, { pixels: false }));
  const { network, params, stats } = trained;
  const images_BHWC = images(batch, network);
  const { outputs } = network.forward(params, stats, { images: images_BHWC }, { training: false });
  const found = [model.predict(images_BHWC) as tf.Tensor | tf.Tensor[]].flat();
  expect(found.length).toBe(network.outputs.length);
  const differences = network.outputs.map(({ name }, k) => {
    const expected = outputs[name]!;
    expect(found[k]!.shape).toEqual(expected.shape);
    const scale = tf.max(tf.abs(expected)).arraySync() as number;
    expect(scale).toBeGreaterThan(1e-3);
    return (tf.max(tf.abs(tf.sub(found[k]!, expected))).arraySync() as number) / Math.max(1, scale);
  });
  return Math.max(...differences);
}

describe.each(tnetNames.filter((name) => name.endsWith('-test')))('%s as a graph model', (name) => {
  const network = (): Promise<TrainedNetwork['network']> => createTNet(name, { numClasses: 3 });

  test.each([1, 3])('gives the logits of the network for %d images', async (batch) => {
    expect(await largestDifference(shaken(await network()), batch)).toBeLessThan(1e-5);
  });

  test.each([1, 3])('gives them for %d images after compaction', async (batch) => {
    expect(await largestDifference(compacted(shaken(await network())), batch)).toBeLessThan(1e-5);
  });
});

test.each([
  ['maxPool', 0],
  ['maxPool', 1],
  ['avgPool', 0],
  ['avgPool', 1],
] as const)('%s with padding %d, of numbers below zero too', async (pool, pad) => {
  const network = defineNetwork('pooled', { images: [7, 6, 3] }, (net, { images: x }) => ({
    logits: net.dense('fc', net.flatten(net[pool](x, { kernel: 3, stride: 2, pad })), { out: 3 }),
  }));
  expect(await largestDifference(shaken(network), 2)).toBeLessThan(1e-5);
});

test('windows that move along one axis only, each with its own bias', async () => {
  const network = defineNetwork('windows', { images: [4, 2, 4] }, (net, { images: x }) => {
    const y = net.windowAttention('attention', x, x, x, { headDim: 2, window: 2, shift: 1 });
    return { logits: net.dense('fc', net.flatten(y), { out: 3 }) };
  });
  expect(await largestDifference(shaken(network), 3)).toBeLessThan(1e-5);
});

test('layers that look far', async () => {
  const network = defineNetwork('far', { images: [7, 6, 3] }, (net, { images: x }) => {
    const stem = net.conv('stem', x, { out: 4, kernel: 3, dilation: 2, stride: 2 });
    const grouped = net.groupedConv('grouped', stem, { kernel: 3, groupWidth: 2, bias: true });
    const tokens = net.tokens(net.depthwiseConv('apart', grouped, { kernel: 3, dilation: 2 }));
    const queries = net.embedding('queries', { tokens: 2, width: 4, init: { kind: 'normal', std: 1 } });
    const scores = net.matmul(queries, tokens, { transposeB: true });
    const seen = net.attention(queries, tokens, net.relu(tokens), { headDim: 2 });
    const found = net.flatten(net.grid(net.add(net.matmul(scores, tokens), seen), 1, 2));
    return { logits: net.dense('fc', found, { out: 3 }) };
  });
  for (const batch of [1, 3]) expect(await largestDifference(shaken(network), batch)).toBeLessThan(1e-5);
});

test('with normalisation it takes pixels', async () => {
  const trained = shaken(await createTNet('resnet-test', { numClasses: 3 }));
  const model = await loaded(await toGraphModel(trained, facts, { pixels: true }));
  const pixels_BHWC = tf.round(tf.mul(tf.sigmoid(images(2, trained.network)), 255));
  const { mean, std, white } = facts.input;
  const normalised = tf.div(tf.sub(tf.div(pixels_BHWC, white), [...mean]), [...std]) as tf.Tensor4D;
  const { network, params, stats } = trained;
  const { outputs } = network.forward(params, stats, { images: normalised }, { training: false });
  const found = await (model.predict({ images: pixels_BHWC }) as tf.Tensor).array();
  (outputs['logits']!.arraySync() as number[][]).forEach((row, i) =>
    row.forEach((value, k) => expect((found as number[][])[i]![k]).toBeCloseTo(value, 4)),
  );
});

test('it says what goes in and comes out, and carries the facts', async () => {
  const trained = shaken(await createTNet('vit-test', { numClasses: 3 }));
  const model = await loaded(await toGraphModel(trained, facts, { pixels: true }));
  expect(model.inputs).toMatchObject([{ name: 'images', shape: [-1, 8, 8, 3], dtype: 'float32' }]);
  expect(model.outputNodes).toEqual(['logits']);
  expect(model.modelSignature).toMatchObject({
    outputs: { logits: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '3' }] } } },
  });
  expect(model.metadata).toEqual({
    network: zoo({ name: 'resnet-test' }),
    shapes: {},
    input: facts.input,
    classes: ['a', 'b', 'c'],
    takes: 'pixels',
  });
});

test('borrows the tensors and leaks none', async () => {
  const trained = shaken(await createTNet('swin-test', { numClasses: 3 }));
  const before = tf.memory().numTensors;
  await toGraphModel(trained, facts, { pixels: true });
  expect(tf.memory().numTensors).toBe(before);
});

test('a missing tensor is named', async () => {
  const { network, params } = shaken(await createTNet('resnet-test', { numClasses: 3 }));
  await expect(toGraphModel({ network, params, stats: {} }, facts, { pixels: true })).rejects.toMatchObject({
    code: 'network-mismatch',
    message: expect.stringContaining('bn1.running_mean'),
  });
});
