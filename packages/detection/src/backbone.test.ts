import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type HostTensor, type Network, readParams, Rng, startBackend } from '@ma-net/core';
import { createTNet, fromPyTorch, toPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { fixture } from '../test/fixtures.ts';
import { type BackboneOptions, frozenBackbone, pyramidBackbone, RESNET_50 } from './backbone.ts';
import { detectron2Backbone, withBody, withDetector } from './weights.ts';

const reference =
  fixture<
    Record<
      string,
      { readonly backbone_with_fpn: number; readonly shapes: Readonly<Record<string, readonly number[]>> }
    >
  >('backbones');

const backbone = (options: BackboneOptions, side = 64): Network<'images'> =>
  defineNetwork('backbone', { images: [side, side, 3] }, (net, { images }) =>
    pyramidBackbone(net, images, options),
  );

/** Faster R-CNN's, and that of FCOS and CondInst. */
const KINDS = {
  faster_rcnn_r50_fpn: { first: 2, maps: 4, strideIn: '3x3', beyond: 'pooling' },
  condinst_r50_fpn: { first: 3, maps: 3, strideIn: '1x1', beyond: 'convolutions' },
} as const;

describe.each(Object.entries(KINDS))('%s', (kind, { first, maps, strideIn, beyond }) => {
  const network = backbone({
    body: { ...RESNET_50, strideIn },
    pyramid: { width: 256, first, beyond },
  });
  const { shapes, backbone_with_fpn } = reference[kind]!;

  test('has the parameters of detectron2 by its names', () => {
    const file = Object.entries(shapes).map(([name, shape]): [string, HostTensor] => [
      name,
      { shape, dtype: 'float32', data: new Float32Array(0) },
    ]);
    const format = { renamed: detectron2Backbone(first, maps), fused: [], ignored: [] };
    const read = fromPyTorch(network as unknown as Network, Object.fromEntries(file), { detectron2: format });
    expect(read.differences.filter(({ name }) => !isNorm(name))).toEqual([]);
    const count = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(backbone_with_fpn);
  });

  test('frozen groups match what detectors leave as it is', () => {
    const groups = frozenBackbone(2).map(({ match }) => match!.replace('*', ''));
    const frozen = network.parameters.filter(({ name }) => groups.some((g) => name.startsWith(g)));
    // The stem, three bottlenecks of three convolutions, and a shortcut.
    expect(frozen).toHaveLength(11);
    expect(frozen.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(222_400);
  });

  test('levels halve from one to the next', () => {
    const last = first + network.outputs.length - 1;
    expect(last).toBe(beyond === 'pooling' ? 6 : 7);
    for (const { name, shape, stride } of network.outputs) {
      const level = Number(name.slice(1));
      expect([name, stride, shape]).toEqual([name, 2 ** level, [...side(64, level), 256]]);
    }
  });
});

/** Parameters are counted without norms, which training leaves as they are. */
const isNorm = (name: string): boolean => /\.bn\d\.|downsample\.1\./.test(name);
const side = (size: number, level: number): [number, number] => {
  const of = Math.ceil(size / 2 ** level);
  return [of, of];
};

test.each(['1x1', '3x3'] as const)('the stride is in the %s', (strideIn) => {
  const network = backbone({
    body: { block: 'bottleneck', depths: [1, 1], width: 2, stem: 'imagenet', strideIn },
    pyramid: { width: 2, first: 2, beyond: 'none' },
  });
  // 16 x 16 positions before the halving, 8 x 8 after it.
  const positions = (part: string): number =>
    network.parameters.find(({ name }) => name === `backbone.body.layer2.0.${part}.weight`)!.positions;
  expect([positions('conv1'), positions('conv2')]).toEqual([strideIn === '1x1' ? 64 : 256, 64]);
});

test('RetinaNet reads its sixth level from the last map', () => {
  const network = backbone({
    body: { block: 'basic', depths: [1, 1], width: 2, stem: 'half' },
    pyramid: { width: 3, first: 2, beyond: 'convolutions of the map' },
  });
  const p4 = network.parameters.find(({ name }) => name === 'backbone.fpn.extra_blocks.p4.weight')!;
  expect(p4.shape).toEqual([3, 3, 4, 3]);
});

describe('a body from a classifier', () => {
  const body = { block: 'bottleneck', depths: [1, 1], width: 4, stem: 'imagenet' } as const;
  const network = backbone({ body, pyramid: { width: 4, first: 2, beyond: 'pooling' } });
  const classifier = (): Promise<Network<'images', 'logits'>> =>
    createTNet('resnet-bottleneck-test', { numClasses: 5 });
  beforeAll(() => startBackend(cpu));

  async function fileOf(of: Network): Promise<Record<string, HostTensor>> {
    const { params, stats } = of.init(Rng.fromSeed(3));
    return toPyTorch(of, await readParams({ ...params, ...stats }));
  }

  test('computes what the classifier computes, and starts the rest from the seed', async () => {
    const trained = (await classifier()).withOutputs(['layer2']);
    const file = await fileOf((await classifier()) as unknown as Network);
    const { network: started, report } = withBody(network, file);
    expect(report.leftOut).toEqual(['fc.weight', 'fc.bias']);
    const images = tf.randomNormal([1, 16, 16, 3], 0, 1, 'float32', 1);
    const theirs = trained.init(Rng.fromSeed(3));
    const expected = trained.forward(theirs.params, theirs.stats, { images }, { training: false }).outputs;
    const ours = started.init(Rng.fromSeed(9));
    const seen = defineNetwork('seen', { images: [16, 16, 3] }, (net, { images: x }) => ({
      c3: pyramidBody(net, x),
    }));
    const found = seen.forward(ours.params, ours.stats, { images }, { training: true }).outputs;
    expect(await found.c3!.data()).toEqual(await expected.layer2.data());
    const fresh = network.init(Rng.fromSeed(9)).params;
    const lateral = 'backbone.fpn.inner_blocks.0.0.weight';
    expect(await ours.params[lateral]!.data()).toEqual(await fresh[lateral]!.data());

    function pyramidBody<V>(net: Parameters<typeof pyramidBackbone<V>>[0], x: V): V {
      return pyramidBackbone(
        { ...net, conv: (name, y, o) => (name.startsWith('backbone.fpn') ? y : net.conv(name, y, o)) },
        x,
        { body, pyramid: { width: 4, first: 3, beyond: 'none' } },
      )['p3']!;
    }
  });

  test('keeps the widths that pruning left, also in networks made of it', async () => {
    const whole = (await classifier()) as unknown as Network;
    const narrow = whole.resized({
      'layer1.0.conv1.weight': [1, 1, 4, 3],
      'layer2.0.conv2.weight': [3, 3, 8, 5],
    });
    const { network: started } = withBody(network, await fileOf(narrow));
    const shapes = Object.fromEntries(started.parameters.map((p) => [p.name, p.shape]));
    expect(shapes['backbone.body.layer1.0.conv1.weight']).toEqual([1, 1, 4, 3]);
    expect(shapes['backbone.body.layer1.0.conv2.weight']).toEqual([3, 3, 3, 4]);
    expect(shapes['backbone.body.layer2.0.conv3.weight']).toEqual([1, 1, 5, 32]);
    expect(started.statistics.find((s) => s.name === 'backbone.body.layer2.0.bn2.weight')!.shape).toEqual([
      5,
    ]);
    const theirs = await readParams(narrow.init(Rng.fromSeed(3)).params);
    const ours = await readParams(started.init(Rng.fromSeed(9)).params);
    for (const { name } of narrow.parameters.filter((p) => p.kind === 'conv'))
      expect(ours[`backbone.body.${name}`]).toEqual(theirs[name]);
  });

  test("is taken from detectron2's detectors, by their names", async () => {
    const whole = backbone({
      body,
      pyramid: { width: 4, first: 2, beyond: 'pooling' },
    }) as unknown as Network;
    const theirs: Record<string, HostTensor> = {};
    for (const [name, tensor] of Object.entries(await fileOf(whole))) {
      const norm = /^backbone\.body\.(?:(layer\d)\.(\d)\.)?bn(\d)\.(.+)$/.exec(name);
      const part = (layer: string, block: string): string =>
        `backbone.bottom_up.res${Number(layer.at(-1)) + 1}.${block}`;
      if (norm !== null) {
        const [, layer, block, n, end] = norm;
        const at = layer === undefined ? 'backbone.bottom_up.stem' : part(layer, block!);
        theirs[`${at}.conv${n!}.norm.${end!}`] = tensor;
        continue;
      }
      const inner = /^backbone\.body\.(layer\d)\.(\d)\.(.+)$/.exec(name);
      if (inner !== null) {
        const end = inner[3]!.replace('downsample.0', 'shortcut').replace('downsample.1', 'shortcut.norm');
        theirs[`${part(inner[1]!, inner[2]!)}.${end}`] = tensor;
      } else if (name.startsWith('backbone.body.')) {
        theirs[name.replace('backbone.body', 'backbone.bottom_up.stem')] = tensor;
      } else theirs[`elsewhere.${name}`] = tensor;
    }
    const { network: started, report } = withBody(network, theirs);
    expect(report.format).toBe('detectron2');
    const [ours, first] = [started, whole].map((n, i) => n.init(Rng.fromSeed(i === 0 ? 9 : 3)).params);
    for (const { name } of network.parameters.filter((p) => p.name.startsWith('backbone.body.')))
      expect(await ours![name]!.data()).toEqual(await first![name]!.data());
  });

  test('a whole detector of its kind is taken, and of another its body is offered', async () => {
    const formats = { 'ma-net': { renamed: [], fused: [], ignored: [] } };
    const own = await fileOf(network);
    const { network: started, report } = withDetector(network, own, 'own.safetensors', formats);
    expect(report.leftOut).toEqual([]);
    const first = network.init(Rng.fromSeed(3)).params;
    const ours = started.init(Rng.fromSeed(9)).params;
    for (const name of Object.keys(first))
      expect(await ours[name]!.data()).toEqual(await first[name]!.data());
    const wider = await fileOf(backbone({ body, pyramid: { width: 6, first: 2, beyond: 'pooling' } }));
    expect(() => withDetector(network, wider, 'wider.safetensors', formats)).toThrow(
      expect.objectContaining({
        code: 'network-mismatch',
        hint: expect.stringContaining('network.take=body') as string,
      }),
    );
  });

  test.each([
    [
      'a deeper network',
      { 'layer2.1.conv1.weight': [8, 32, 1, 1] },
      /no place for: layer2\.1\.conv1\.weight/,
    ],
    ['a stage more', { 'layer3.0.conv1.weight': [16, 32, 1, 1] }, /layer3/],
    ['another stem', { 'conv1.weight': [4, 3, 3, 3] }, /conv1\.weight/],
    ['paths of a block that differ', { 'layer1.0.conv3.weight': [12, 4, 1, 1] }, /layer1\.0\.conv3/],
    ['nothing of it', undefined, /missing: conv1\.weight/],
  ])('%s is refused', async (_, change, words) => {
    const file = change === undefined ? {} : await fileOf((await classifier()) as unknown as Network);
    for (const [name, shape] of Object.entries(change ?? {}))
      file[name] = { shape, dtype: 'float32', data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    expect(() => withBody(network, file, 'weights.safetensors')).toThrow(words);
    expect(() => withBody(network, file, 'weights.safetensors')).toThrow(
      expect.objectContaining({ code: 'network-mismatch' }),
    );
  });
});
