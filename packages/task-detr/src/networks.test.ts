// The networks: what they consist of, weights that they start from, and what pruning leaves of them.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { type HostTensor, type Network, readParams, Rng, startBackend } from '@ma-net/core';
import { applyCompaction, applyPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { fromPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture } from '../test/fixtures.ts';
import { smallDetr, smallDynamicDetr } from '../test/networks.ts';
import { DYNAMIC_DETR_R50, dynamicDetrNetwork } from './dynamic-network.ts';
import { backboneGroups, DETR_R50, detrNetwork } from './network.ts';
import { publicNames, withDetrWeights } from './weights.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const countOf = (list: Network['parameters']): number =>
  list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

test('DETR-R50 has the parameters of the public code by its names', () => {
  const { shapes, counts } = fixture<{
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly counts: { readonly total: number; readonly trainable: number };
  }>('full_size');
  const network = detrNetwork('detr', [128, 160, 3], DETR_R50) as unknown as Network;
  const file = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, HostTensor] => [
      name,
      { shape, dtype: 'float32', data: new Float32Array(0) },
    ]),
  );
  const { differences } = fromPyTorch(network, file, { detr: publicNames });
  // Normalisations of the backbone are statistics, which that list leaves out.
  const statistics = new Set(network.statistics.map(({ name }) => name));
  expect(differences.filter(({ name }) => !statistics.has(name))).toEqual([]);
  expect(countOf(network.parameters)).toBe(counts.total);
  const frozen = backboneGroups().filter((group) => group.frozen === true);
  const stays = (name: string): boolean => frozen.some(({ match }) => name.startsWith(match!.slice(0, -1)));
  expect(countOf(network.parameters.filter(({ name }) => !stays(name)))).toBe(counts.trainable);
});

test('Dynamic DETR-R50 is as large as its rank lets it be', () => {
  const sizes = [undefined, 16].map((rank) => {
    const { rank: _, ...rest } = DYNAMIC_DETR_R50;
    const options = { ...rest, ...(rank === undefined ? {} : { rank }) };
    return countOf(dynamicDetrNetwork('dynamic', [128, 160, 3], options).parameters) / 1e6;
  });
  // Six matrices from 256 to 65,536 numbers.
  expect(sizes[0]! - sizes[1]!).toBeGreaterThan(90);
  expect(sizes[1]!).toBeGreaterThan(60);
  expect(sizes[1]!).toBeLessThan(85);
});

const inputs = (seed = 1) => ({
  images: tf.tensor4d(Rng.fromSeed(seed).normals(2 * 16 * 24 * 3, 1), [2, 16, 24, 3]),
  sizes: tf.tensor2d([16, 24, 12, 20], [2, 2], 'int32'),
});

describe.each([
  ['DETR', smallDetr, 'transformer.encoder.layers.0.linear1.weight'],
  ['Dynamic DETR', smallDynamicDetr, 'decoder.1.linear1.weight'],
] as const)('%s', (_, create, feedForward) => {
  const network = create() as unknown as Network;
  const forward = (
    of: Network,
    params: Record<string, tf.Tensor>,
    stats: Record<string, tf.Tensor>,
    seed = 1,
  ) => of.forward(params, stats, inputs(seed), { training: false }).outputs as Record<string, tf.Tensor>;

  test('onnx computes what cpu computes', async () => {
    const of = async () => {
      const { params, stats } = network.init(Rng.fromSeed(3));
      const outputs = forward(network, params, stats);
      return Promise.all(Object.values(outputs).map(async (x) => [...(await x.data())]));
    };
    const expected = await of();
    await startBackend(onnx);
    const found = await of();
    await startBackend(cpu);
    expected.forEach((values, i) => expectNear(found[i]!, values, 1e-4));
  });

  test('compaction changes no output, whatever was pruned', async () => {
    for (const seed of [0, 1, 2]) {
      const rng = Rng.fromSeed(seed);
      const { params, stats } = network.init(rng.split('weights'));
      const masks = Object.fromEntries(
        network.kernels.map(({ param, preNeurons, postNeurons }) => {
          const draw = rng.split(param);
          const gone = Array.from({ length: preNeurons }, (__, i) => i > 0 && draw.uniform() < 0.5);
          return [
            param,
            Uint8Array.from({ length: preNeurons * postNeurons }, (___, i) =>
              Number(!gone[Math.floor(i / postNeurons)]!),
            ),
          ];
        }),
      );
      const plan = planCompaction(network, masks);
      const cut = plan.cuts.map((c) => c.group);
      expect(cut.some((group) => group.startsWith('backbone.body.'))).toBe(true);
      const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 }));
      const small = applyCompaction(network, pruned, stats, plan);
      expect(countOf(small.network.parameters)).toBeLessThan(countOf(network.parameters));
      const whole = forward(network, pruned as Record<string, tf.Tensor>, stats as Record<string, tf.Tensor>);
      const left = forward(
        small.network,
        small.params as Record<string, tf.Tensor>,
        small.stats as Record<string, tf.Tensor>,
      );
      for (const [name, x] of Object.entries(whole))
        expectNear(await left[name]!.data(), [...(await x.data())], 1e-5);
    }
  });

  test('a unit of a feed-forward network goes when nobody reads it, and a head with its queries, keys and values', async () => {
    const reads = (name: string, preNeurons: readonly number[]): Record<string, Uint8Array> => {
      const kernel = network.kernels.find(({ param }) => param === name)!;
      const mask = new Uint8Array(kernel.preNeurons * kernel.postNeurons).fill(1);
      for (const i of preNeurons) mask.fill(0, i * kernel.postNeurons, (i + 1) * kernel.postNeurons);
      return { [name]: mask };
    };
    const second = feedForward.replace('linear1', 'linear2');
    const attention = network.kernels.find(({ param }) => param.endsWith('.out_proj.weight'))!.param;
    const plan = planCompaction(network, { ...reads(second, [3]), ...reads(attention, [4, 5, 6, 7]) });
    expect(plan.cuts.map(({ group }) => group).sort()).toEqual(
      [feedForward.replace('.weight', ''), attention.replace('out_proj.weight', 'q')].sort(),
    );
  });
});

describe('weights', () => {
  const networkOf = (classes = 3) => smallDetr({ classes }) as unknown as Network;
  /** Under the names of the public code, in its layout. */
  async function publicFile(network: Network): Promise<Record<string, HostTensor>> {
    const { toPyTorch } = await import('@ma-net/tnet');
    const { params, stats } = network.init(Rng.fromSeed(7));
    const ours = toPyTorch(network, await readParams({ ...params, ...stats }));
    const file: Record<string, HostTensor> = {};
    for (const [name, tensor] of Object.entries(ours)) {
      const part = /^(.*)\.([qkv])\.(weight|bias)$/.exec(name);
      if (part === null) {
        file[name.replace('backbone.body.', 'backbone.0.body.')] = tensor;
        continue;
      }
      const [, layer, which, kind] = part;
      if (which !== 'q') continue;
      const all = [...'qkv'].map((letter) => ours[`${layer!}.${letter}.${kind!}`]!);
      const data = Float32Array.from(all.flatMap((x) => [...x.data]));
      const shape = [3 * tensor.shape[0]!, ...tensor.shape.slice(1)];
      file[`${layer!}.in_proj_${kind!}`] = { shape, dtype: 'float32', data };
    }
    return file;
  }
  const logitsOf = async (network: Network, seed: number): Promise<Float32Array> => {
    const { params, stats } = network.init(Rng.fromSeed(seed));
    const { outputs } = network.forward(params, stats, inputs(), { training: false });
    return (await outputs['logits']!.data()) as Float32Array;
  };

  test('of the public code and of ours are taken by name, behind any wrapper', async () => {
    const network = networkOf();
    const expected = await logitsOf(network, 7);
    const file = await publicFile(network);
    expect(file['transformer.decoder.layers.1.multihead_attn.in_proj_weight']!.shape).toEqual([24, 8]);
    const { network: started, report } = withDetrWeights(network, file);
    expect(report.format).toBe('detr');
    expect(await logitsOf(started, 1)).toEqual(expected);
    const wrapped = Object.fromEntries(Object.entries(file).map(([name, x]) => [`model.${name}`, x]));
    expect(await logitsOf(withDetrWeights(network, wrapped).network, 1)).toEqual(expected);
    const { toPyTorch } = await import('@ma-net/tnet');
    const { params, stats } = network.init(Rng.fromSeed(7));
    const own = toPyTorch(network, await readParams({ ...params, ...stats }));
    expect(await logitsOf(withDetrWeights(network, own).network, 1)).toEqual(expected);
  });

  test('another list of classes starts afresh', async () => {
    const { report } = withDetrWeights(networkOf(4), await publicFile(networkOf()));
    expect(report.replaced.map(({ name }) => name).sort()).toEqual([
      'class_embed.bias',
      'class_embed.weight',
    ]);
  });

  test('for the ids of COCO serve its 80 classes', async () => {
    const file = await publicFile(networkOf(91));
    const { network, report } = withDetrWeights(networkOf(80), file);
    expect(report.replaced).toEqual([]);
    const bias = await network.init(Rng.fromSeed(1)).params['class_embed.bias']!.data();
    const theirs = file['class_embed.bias']!.data;
    // person, car, fire hydrant (11), stop sign (13), toothbrush (90), no object (91).
    expect([0, 2, 10, 11, 79, 80].map((i) => bias[i])).toEqual([1, 3, 11, 13, 90, 91].map((i) => theirs[i]));
  });

  test('of another network are refused with every difference', async () => {
    const file = await publicFile(networkOf());
    delete file['input_proj.bias'];
    expect(() => withDetrWeights(networkOf(), file, 'detr.safetensors')).toThrow(
      expect.objectContaining({
        code: 'network-mismatch',
        message: expect.stringContaining('input_proj.bias') as string,
      }),
    );
  });

  test('of a classifier are for the body alone, with the widths that pruning left it', async () => {
    const { resnet } = await import('@ma-net/tnet');
    const { toPyTorch } = await import('@ma-net/tnet');
    const shape = { block: 'basic', depths: [1, 1], width: 4, stem: 'half' } as const;
    const whole = resnet('classifier', shape, {
      numClasses: 2,
      inputShape: [16, 16, 3],
    }) as unknown as Network;
    const narrow = whole.resized({
      'layer1.0.conv1.weight': [3, 3, 4, 2],
      'layer1.0.conv2.weight': [3, 3, 2, 4],
    });
    const { params, stats } = narrow.init(Rng.fromSeed(5));
    const file = toPyTorch(narrow, await readParams({ ...params, ...stats }));
    for (const create of [smallDetr, smallDynamicDetr]) {
      const { network } = withDetrWeights(create() as unknown as Network, file);
      const made = network.init(Rng.fromSeed(9)).params;
      expect(made['backbone.body.layer1.0.conv1.weight']!.shape).toEqual([3, 3, 4, 2]);
      expect(await made['backbone.body.layer2.0.conv1.weight']!.data()).toEqual(
        await params['layer2.0.conv1.weight']!.data(),
      );
      expect((await logitsOf(network, 9)).every(Number.isFinite)).toBe(true);
    }
  });
});
