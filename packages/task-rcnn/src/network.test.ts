import { readFileSync } from 'node:fs';
import { onnx } from '@ma-net/backend-onnx';
import { type HostTensor, type Network, type Params, readParams, Rng, startBackend } from '@ma-net/core';
import { RESNET_50 } from '@ma-net/detection';
import { applyCompaction, applyPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { createTNet, fromPyTorch, toPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  RCNN_LEVELS,
  RCNN_RULES,
  rcnnFormats,
  rcnnNetwork,
  rcnnRules,
  type RuleSet,
  withRcnnWeights,
} from './index.ts';

const parameters = JSON.parse(
  readFileSync(new URL('../fixtures/parameters.json', import.meta.url), 'utf8'),
) as {
  readonly detectron2: {
    readonly counts: Readonly<Record<string, number>>;
    readonly shapes: Readonly<Record<string, readonly number[]>>;
  };
  readonly torchvision: number;
};

const whole = (set: RuleSet, classes: number): Network =>
  rcnnNetwork(
    'whole',
    { body: RESNET_50, classes, images: [64, 96, 3] },
    rcnnRules(set),
  ) as unknown as Network;
const count = ({ parameters: all }: Network, prefix = ''): number =>
  all
    .filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);

describe('ResNet-50', () => {
  test("has the parameters of detectron2's, by their names", () => {
    const network = whole('detectron2', 80);
    const { counts, shapes } = parameters.detectron2;
    expect(count(network)).toBe(counts['total']);
    expect(count(network, 'backbone.')).toBe(counts['backbone_with_fpn']);
    expect(count(network, 'rpn.')).toBe(counts['rpn']);
    expect(count(network, 'roi_heads.box_head.')).toBe(counts['box_head']);
    expect(count(network, 'roi_heads.box_predictor.')).toBe(counts['box_predictor']);
    const data = new Float32Array(0);
    const file = Object.entries(shapes).map(([name, shape]): [string, HostTensor] => [
      name,
      { shape, dtype: 'float32', data },
    ]);
    const read = fromPyTorch(network, Object.fromEntries(file), rcnnFormats);
    expect(read.format).toBe('detectron2');
    const norms = network.statistics.map(({ name }) => name);
    expect(read.differences.map(({ name }) => name).sort()).toEqual(norms.sort());
  });

  test("has as many as torchvision's", () => {
    // Background is one of its 91 classes, and has boxes, too.
    expect(count(whole('torchvision', 90))).toBe(parameters.torchvision);
  });
});

const small = (set: RuleSet = 'detectron2', classes = 3) =>
  rcnnNetwork(
    'small',
    {
      body: { block: 'bottleneck', depths: [1, 1, 1, 1], stem: 'imagenet', width: 2 },
      width: 6,
      hidden: 8,
      classes,
      images: [64, 64, 3],
    },
    rcnnRules(set, { proposals: [9, 5], sampling: 2 }),
  );

describe.each(RCNN_RULES)('by the rules of %s', (set) => {
  test('the outputs are two looks', () => {
    const { outputs, inputs } = small(set);
    const levels = RCNN_LEVELS.flatMap((level, l): [string, readonly number[]][] => {
      const side = Math.ceil(16 / 2 ** l);
      return [
        [`${level}.objectness`, [side, side, 3]],
        [`${level}.deltas`, [side, side, 12]],
      ];
    });
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ...levels,
      ['classes', [5, 4]],
      ['boxes', [5, set === 'torchvision' ? 16 : 12]],
    ]);
    expect(inputs.map(({ name }) => name)).toEqual(['images', 'rois']);
  });
});

describe('on tensors', () => {
  beforeAll(() => startBackend(onnx));

  test('whatever lost its readers can be cut, in both looks, and nothing changes', async () => {
    const network = small() as unknown as Network;
    const cut = new Set<string>();
    for (const seed of [0, 1, 2]) {
      const rng = Rng.fromSeed(seed);
      const { params, stats } = network.init(rng);
      const masks = Object.fromEntries(
        network.kernels.map(({ param, preNeurons, postNeurons }) => {
          const kept = rng.split(param).uniforms(preNeurons, 0, 1);
          // The images' three channels stay: they belong to nobody.
          const dead = (pre: number): boolean => preNeurons > 3 && kept[pre]! < 0.4;
          const mask = Uint8Array.from({ length: preNeurons * postNeurons }, (_, k) =>
            Number(!dead(Math.floor(k / postNeurons))),
          );
          return [param, mask];
        }),
      );
      const compaction = planCompaction(network, masks);
      for (const { group } of compaction.cuts) cut.add(group);
      const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.1 }));
      const left = applyCompaction(network, pruned, stats, compaction);
      const inputs = {
        images: tf.tensor4d(rng.split('images').normals(2 * 64 * 64 * 3, 1), [2, 64, 64, 3]),
        rois: tf.tensor3d([...boxes(rng, 5), ...boxes(rng, 5)], [2, 5, 4]),
      };
      const of = async (n: Network, p: Params, s: Params) =>
        readParams(n.forward(p, s, inputs, { training: false }).outputs);
      const [before, after] = [
        await of(network, pruned, stats),
        await of(left.network, left.params, left.stats),
      ];
      for (const [name, { data }] of Object.entries(before)) {
        const scale = Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
        data.forEach((x, k) => expect(Math.abs(after[name]!.data[k]! - x) / scale).toBeLessThan(1e-5));
      }
      tf.dispose([params, stats, pruned, left.params, left.stats, inputs] as unknown as tf.TensorContainer);
    }
    for (const group of [
      'backbone.body.layer3.0.conv3',
      'backbone.fpn.layer_blocks.3.0',
      'rpn.head.conv.0.0',
    ])
      expect([...cut]).toContain(group);
    for (const layer of ['fc6', 'fc7']) expect([...cut]).toContain(`roi_heads.box_head.${layer}`);
  });

  function boxes(rng: Rng, many: number): number[] {
    const draws = rng.split('boxes').uniforms(4 * many, 0, 32);
    return Array.from({ length: many }, (_, i) => [
      draws[4 * i]!,
      draws[4 * i + 1]!,
      draws[4 * i]! + draws[4 * i + 2]!,
      draws[4 * i + 1]! + draws[4 * i + 3]!,
    ]).flat();
  }

  async function fileOf(network: Network): Promise<Record<string, HostTensor>> {
    const { params, stats } = network.init(Rng.fromSeed(3));
    return toPyTorch(network, await readParams({ ...params, ...stats }));
  }

  test('a head for other classes starts afresh', async () => {
    const { report, network } = withRcnnWeights(
      small('detectron2', 3),
      await fileOf(small('detectron2', 5) as unknown as Network),
    );
    expect(report.replaced.map(({ name }) => name)).toEqual(
      ['cls_score', 'bbox_pred'].flatMap((layer) => [
        `roi_heads.box_predictor.${layer}.weight`,
        `roi_heads.box_predictor.${layer}.bias`,
      ]),
    );
    expect(network.init(Rng.fromSeed(1)).params['roi_heads.box_predictor.cls_score.weight']!.shape).toEqual([
      8, 4,
    ]);
  });

  test('a classifier gives its body, of the widths that it has', async () => {
    const classifier = (await createTNet('resnet-bottleneck-test', { numClasses: 5 })) as unknown as Network;
    expect(() => withRcnnWeights(small(), {})).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
    const file = await fileOf(classifier);
    const all = await fileOf(small() as unknown as Network);
    for (const [name, tensor] of Object.entries(all))
      if (name.startsWith('backbone.body.')) file[name.slice('backbone.body.'.length)] = tensor;
    const { report, network } = withRcnnWeights(small(), file);
    expect(report.leftOut).toEqual(['fc.weight', 'fc.bias']);
    const started = await readParams(network.init(Rng.fromSeed(9)).params);
    const theirs = await readParams(small().init(Rng.fromSeed(3)).params);
    for (const name of Object.keys(started))
      expect(started[name]!.data.join() === theirs[name]!.data.join()).toBe(
        name.startsWith('backbone.body.') || /bias$/.test(name),
      );
  });
});
