// Every way of naming the tensors of our families that torchvision and timm still convert when they load a file, and
// what training scripts put around them. Sources: torchvision's models/densenet.py and vision_transformer.py; timm's
// models/_helpers.py, densenet.py, vision_transformer.py and swin_transformer.py.

import { type HostTensor, type Network, readParams, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTNet } from '../index.ts';
import { toPyTorch } from './formats.ts';
import { type WeightReport, withWeights } from './load.ts';

type File = Record<string, HostTensor>;

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

async function valuesOf(network: Network, seed: number): Promise<File> {
  const { params, stats } = network.init(Rng.fromSeed(seed));
  return readParams({ ...params, ...stats });
}

async function fileOf(name: string, format?: string): Promise<File> {
  const network = await createTNet(name, { numClasses: 5 });
  return toPyTorch(network, await valuesOf(network, 1), format);
}

const renamed = (file: File, change: (name: string) => string): File =>
  Object.fromEntries(Object.entries(file).map(([name, tensor]) => [change(name), tensor]));

/** Loads a file into the network it is of, and holds that every number arrived but those that start afresh. */
async function load(name: string, file: File): Promise<WeightReport> {
  const network = await createTNet(name, { numClasses: 5 });
  const { network: loaded, report } = withWeights(network, file);
  const [theirs, ours] = [await valuesOf(network, 1), await valuesOf(loaded, 2)];
  const fresh = new Set(report.replaced.map((d) => d.name));
  for (const [tensor, { data }] of Object.entries(theirs))
    if (!fresh.has(tensor)) expect([tensor, ours[tensor]!.data]).toEqual([tensor, data]);
  return report;
}

const families = [
  'resnet-test',
  'resnet-bottleneck-test',
  'densenet-test',
  'densenet-imagenet-test',
  'vit-test',
  'swin-test',
];
const formats = ['torchvision', 'timm'] as const;

describe('names of older releases', () => {
  test.each(['densenet-test', 'densenet-imagenet-test'])('of layers of %s', async (name) => {
    const older = renamed(await fileOf(name), (n) =>
      n.replace(/(denselayer\d+\.(?:norm|conv))([12])\./, '$1.$2.'),
    );
    expect(Object.keys(older).some((n) => n.includes('.norm.1.'))).toBe(true);
    const { renamed: how } = await load(name, older);
    expect(how).toContain('"features.*.*.norm.1.**" of an older release was read as "features.*.*.norm1.**"');
    expect(how).toHaveLength(4);
  });

  test('of the perceptrons of a vision transformer', async () => {
    const older = renamed(await fileOf('vit-test'), (n) =>
      n.replace('.mlp.0.', '.mlp.linear_1.').replace('.mlp.3.', '.mlp.linear_2.'),
    );
    expect((await load('vit-test', older)).renamed).toHaveLength(2);
  });

  test('of a Swin transformer, whose merging stood a stage earlier', async () => {
    expect((await load('swin-test', await fileOf('swin-test', 'microsoft'))).format).toBe('microsoft');
  });

  test('tables and masks that newer releases no longer save', async () => {
    const file = await fileOf('swin-test', 'timm');
    const index: HostTensor = { shape: [4, 4], dtype: 'int32', data: new Int32Array(16) };
    const mask: HostTensor = { shape: [4, 4, 4], dtype: 'float32', data: new Float32Array(64) };
    await load('swin-test', {
      ...file,
      'layers.0.blocks.0.attn.relative_position_index': index,
      'layers.0.blocks.1.attn_mask': mask,
    });
  });

  test('of a layer of 21k classes before the head', async () => {
    const file = await fileOf('vit-test', 'timm');
    const extra: HostTensor = { shape: [8, 8], dtype: 'float32', data: new Float32Array(64) };
    await load('vit-test', {
      ...file,
      'pre_logits.fc.weight': extra,
      'pre_logits.fc.bias': { ...extra, shape: [64] },
    });
  });

  test('patches embedded by a matrix', async () => {
    const file = await fileOf('vit-test', 'timm');
    const kernel = file['patch_embed.proj.weight']!;
    await load('vit-test', { ...file, 'patch_embed.proj.weight': { ...kernel, shape: [8, 48] } });
  });
});

describe.each([
  'module.',
  '_orig_mod.',
  '_orig_mod.module.',
  'model.',
  'state_dict.',
  'state_dict.model.',
  'net.',
  'backbone.',
  'student.backbone.',
  'visual.trunk.',
])('"%s" before every name', (prefix) => {
  test.each(families)('of %s', async (name) => {
    for (const format of formats) {
      const { renamed: how } = await load(
        name,
        renamed(await fileOf(name, format), (n) => prefix + n),
      );
      expect(how).toEqual([`"${prefix}" before every name was left out`]);
    }
  });
});

describe('what training saves beside a model', () => {
  const one: HostTensor = { shape: [], dtype: 'int32', data: Int32Array.of(3) };

  test('is left out and named', async () => {
    const file = await fileOf('resnet-test');
    const state = { epoch: one, 'optimizer.state.0.step': one, 'lr_scheduler.last_epoch': one };
    expect((await load('resnet-test', { ...file, ...state })).leftOut).toEqual(Object.keys(state));
  });

  test('averaged weights come before those that were averaged', async () => {
    const file = await fileOf('resnet-test');
    const other = Object.fromEntries(
      Object.entries(file).map(([name, t]) => [
        `model.${name}`,
        { ...t, data: t.data.map((x) => x + 1) } as HostTensor,
      ]),
    );
    const { renamed: how, leftOut } = await load('resnet-test', {
      ...other,
      ...renamed(file, (name) => `model_ema.module.${name}`),
      'model_ema.n_averaged': one,
    });
    expect(how).toEqual(['"model_ema.module." before every name was left out']);
    expect(leftOut).toEqual([...Object.keys(other), 'model_ema.n_averaged']);
  });

  test('what may be a part of the network is not left out', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const file = await fileOf('resnet-test');
    const more = { ...file, 'layer3.0.conv1.weight': file['conv1.weight']! };
    expect(() => withWeights(network, more)).toThrow(/1 unexpected:\n {4}layer3\.0\.conv1\.weight/);
  });

  test.each(['__proto__', '__proto__.weight', 'constructor', 'toString', 'fc.__proto__'])(
    'a tensor called "%s" is only unexpected',
    async (odd) => {
      const network = await createTNet('resnet-test', { numClasses: 5 });
      const file = Object.fromEntries([...Object.entries(await fileOf('resnet-test')), [odd, one]]);
      expect(() => withWeights(network, file)).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
      expect(({} as Record<string, unknown>)['weight']).toBeUndefined();
    },
  );
});

describe('a classifier', () => {
  const heads = { 'vit-test': 'heads.head.', 'swin-test': 'head.' } as Record<string, string>;

  test.each(families)('that is not in the file of %s starts afresh', async (name) => {
    for (const format of formats) {
      const whole = await fileOf(name, format);
      const file = Object.fromEntries(
        Object.entries(whole).filter(([n]) => !/^(fc|classifier|heads?)\./.test(n)),
      );
      expect(Object.keys(whole).length - Object.keys(file).length).toBe(2);
      expect((await load(name, file)).replaced).toHaveLength(2);
    }
  });

  test.each(families)('behind a dropout is the classifier of %s', async (name) => {
    const head = heads[name] ?? (name.startsWith('resnet') ? 'fc.' : 'classifier.');
    const file = renamed(await fileOf(name), (n) => (n.startsWith(head) ? n.replace(head, `${head}1.`) : n));
    const { replaced, renamed: how } = await load(name, file);
    expect(replaced).toEqual([]);
    expect(how[0]).toBe(`"${head}1.weight" was read as "${head}weight"`);
  });

  test('of two layers is left out, and a fresh one takes its place', async () => {
    const { 'fc.weight': weight, 'fc.bias': bias, ...file } = await fileOf('resnet-test');
    const head = { 'fc.0.weight': weight!, 'fc.0.bias': bias!, 'fc.3.weight': weight!, 'fc.3.bias': bias! };
    const { replaced, leftOut } = await load('resnet-test', { ...file, ...head });
    expect(replaced.map((d) => d.name)).toEqual(['fc.weight', 'fc.bias']);
    expect(leftOut).toEqual(Object.keys(head));
  });

  test('does not excuse weights of another network', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const other = await fileOf('vit-test');
    expect(() => withWeights(network, other)).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
  });
});
