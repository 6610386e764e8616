import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, defineNetwork, type Op, ops, Rng, startBackend } from '@ma-net/core';
import { applyCompaction, applyPlan, planCompaction, planOfMasks, type PrunePlan } from '@ma-net/mnet';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import type { TrainedNetwork } from '../network-bytes.ts';
import { saveNetwork } from '../network-file.ts';
import { PLAN } from '../packed-plan.ts';
import { torchModel } from './model.ts';
import { operations } from './operations.ts';
import { tensorsOf } from './writer.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const folder = mkdtempSync(join(tmpdir(), 'ma-net-pytorch-'));
const facts = { shapes: {}, classNames: ['a', 'b', 'c'], input: { mean: [0.5], std: [0.25], white: 255 } };

async function expectSameNames(trained: TrainedNetwork, plan?: PrunePlan): Promise<void> {
  const path = join(folder, `${trained.network.name}.safetensors`);
  await saveNetwork(path, trained, plan === undefined ? facts : { ...facts, plan });
  // The plan is no weight; the model takes it out by its name.
  const tensors = Object.entries(decodeSafetensors(readFileSync(path)).tensors);
  expect(tensors.some(([name]) => name === PLAN)).toBe(plan !== undefined);
  const written = tensors.filter(([name]) => name !== PLAN);
  const declared = tensorsOf(torchModel(trained.network).parts);
  expect(new Set(declared.map(([name]) => name)).size).toBe(declared.length);
  expect(Object.fromEntries(declared)).toEqual(
    Object.fromEntries(written.map(([name, t]) => [name, t.shape])),
  );
}

test.each([...tnetNames.filter((name) => name.endsWith('-test')), 'resnet8-digits', 'resnet20-cifar'])(
  'the model of %s declares what its file holds',
  async (name) => {
    const network = await createTNet(name, { numClasses: 3 });
    await expectSameNames({ network, ...network.init(Rng.fromSeed(1)) });
  },
);

test('a compacted network has the widths of its weights', async () => {
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const { params, stats } = network.init(Rng.fromSeed(1));
  const masks = Object.fromEntries(
    network.kernels.map((k) => [k.param, new Uint8Array(k.preNeurons * k.postNeurons).fill(1)]),
  );
  // Nobody reads the first channel between the two convolutions of a block.
  const second = network.kernels.find(({ param }) => param === 'layer1.0.conv2.weight')!;
  masks[second.param]!.fill(0, 0, second.postNeurons);
  const plan = planOfMasks(network, masks, { mode: 'target', removeModulated: 0.02 });
  const pruned = applyPlan(params, plan);
  const compacted = applyCompaction(network, pruned, stats, planCompaction(network, masks));
  await expectSameNames(compacted, plan);
  const { parts } = torchModel(compacted.network);
  expect(parts.find(({ name }) => name === 'layer1.0.conv1')!.code).toBe(
    'nn.Conv2d(4, 3, 3, padding=1, bias=False)',
  );
});

test("resnet18 has torchvision's modules", async () => {
  const { parts } = torchModel(await createTNet('resnet18', { numClasses: 3 }));
  expect(parts.map(({ name }) => name).slice(0, 6)).toEqual([
    'conv1',
    'bn1',
    'layer1.0.conv1',
    'layer1.0.bn1',
    'layer1.0.conv2',
    'layer1.0.bn2',
  ]);
  expect(parts[0]!.code).toBe('nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)');
  expect(parts.map(({ name }) => name)).toContain('layer4.0.downsample.1');
});

test('groups and gaps are arguments of convolutions', async () => {
  const network = defineNetwork('far', { images: [8, 8, 3] }, (net, { images }) => {
    const x = net.conv('a', images, { out: 4, kernel: 3, dilation: 2 });
    const y = net.groupedConv('b', x, { kernel: 3, groupWidth: 2, groupOut: 3, bias: true });
    const z = net.depthwiseConv('c', y, { kernel: 3, dilation: 2, stride: 2 });
    return { logits: net.dense('fc', net.globalAveragePool(z), { out: 3 }) };
  });
  await expectSameNames({ network, ...network.init(Rng.fromSeed(1)) });
  expect(torchModel(network).parts.map(({ code }) => code)).toEqual([
    'nn.Conv2d(3, 4, 3, padding=2, dilation=2, bias=False)',
    'nn.Conv2d(4, 6, 3, padding=1, groups=2)',
    'nn.Conv2d(6, 6, 3, stride=2, padding=2, dilation=2, groups=6, bias=False)',
    'nn.Linear(6, 3)',
  ]);
});

test('every layer of core has a line', () => {
  expect(Object.keys(operations).sort()).toEqual(
    Object.values(ops)
      .map(({ kind }) => kind)
      .sort(),
  );
});

test("a layer of one's own is refused by name, even under the name of one of core's", () => {
  for (const kind of ['twice', 'relu']) {
    const own: Op<null> = { ...ops.relu, kind };
    const network = defineNetwork('own', { images: [4, 4, 3] }, (net, { images }) => ({
      logits: net.globalAveragePool(net.apply(own, 'mine', [images], null)),
    }));
    expect(() => torchModel(network)).toThrow(
      expect.objectContaining({ code: 'unsupported-op', message: expect.stringContaining(`"${kind}"`) }),
    );
  }
});
