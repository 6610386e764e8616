import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import {
  decodeSafetensors,
  defineNetwork,
  type HostTensor,
  readParams,
  Rng,
  startBackend,
} from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { applyCompaction, applyPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type NetworkFacts, toMetadata } from './network-facts.ts';
import type { TrainedNetwork } from './network-bytes.ts';
import { loadNetwork, saveNetwork } from './network-file.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const folder = mkdtempSync(join(tmpdir(), 'ma-net-network-'));
let files = 0;
const newFile = (): string => join(folder, `${++files}.safetensors`);

const facts = (name: string): NetworkFacts => ({
  network: zoo({ name }),
  shapes: {},
  classNames: ['a', 'b', 'c'],
  input: { mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3], white: 255 },
});

async function fresh(name: string): Promise<TrainedNetwork> {
  const network = await createTNet(name, { numClasses: 3 });
  return { network, ...network.init(Rng.fromSeed(1)) };
}

async function outputs({ network, params, stats }: TrainedNetwork): Promise<Float32Array> {
  const rng = Rng.fromSeed(2);
  const shape = [2, ...network.inputs[0]!.shape] as [number, number, number, number];
  const images_BHWC = tf.tensor4d(
    rng.normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
  const { logits } = network.forward(params, stats, { images: images_BHWC }, { training: false }).outputs;
  return (await logits!.data()) as Float32Array;
}

/** Random masks in which the first channel of `group` is read by nobody. */
function masksFreeing(network: TrainedNetwork['network'], group: string): Record<string, Uint8Array> {
  const rng = Rng.fromSeed(3);
  const masks = Object.fromEntries(
    network.kernels.map((k) => [
      k.param,
      Uint8Array.from({ length: k.preNeurons * k.postNeurons }, () => Number(rng.uniform() > 0.3)),
    ]),
  );
  for (const { tensor, role } of network.groups.find((g) => g.id === group)!.members) {
    const kernel = network.kernels.find((k) => k.param === tensor);
    if (role === 'read') masks[tensor]!.fill(0, 0, kernel!.postNeurons);
  }
  return masks;
}

describe('saveNetwork and loadNetwork', () => {
  test.each(tnetNames.filter((name) => name.endsWith('-test')))('%s comes back as it was', async (name) => {
    const saved = await fresh(name);
    const path = newFile();
    await saveNetwork(path, saved, facts(name));
    const loaded = await loadNetwork(path);
    expect(loaded.facts).toEqual(facts(name));
    expect(await readParams(loaded.params)).toEqual(await readParams(saved.params));
    expect(await readParams(loaded.stats)).toEqual(await readParams(saved.stats));
    expect(await outputs(loaded)).toEqual(await outputs(saved));
  });

  test('weights that are no numbers are refused, and named', async () => {
    const { network, params, stats } = await fresh('resnet-test');
    const broken = params['layer1.0.conv1.weight']!;
    const path = newFile();
    const harmed = { ...params, 'layer1.0.conv1.weight': tf.mul(broken, Number.NaN) };
    await saveNetwork(path, { network, params: harmed, stats }, facts('resnet-test'));
    await expect(loadNetwork(path)).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringContaining('"layer1.0.conv1.weight" holds NaN at index 0'),
    });
  });

  test("a transformer's queries, keys and values are one tensor there, as torchvision has them, and heads can go", async () => {
    const { network, params, stats } = await fresh('vit-test');
    const attention = 'encoder.layers.encoder_layer_0.self_attention';
    const masks = Object.fromEntries(
      network.kernels.map((k) => [k.param, new Uint8Array(k.preNeurons * k.postNeurons).fill(1)]),
    );
    // Nobody reads the first of two heads, four of the eight rows of the projection.
    masks[`${attention}.out_proj.weight`]!.fill(0, 0, 4 * 8);
    const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.1 }));
    const compacted = applyCompaction(network, pruned, stats, planCompaction(network, masks));
    const path = newFile();
    await saveNetwork(path, compacted, facts('vit-test'));
    const { tensors } = decodeSafetensors(readFileSync(path));
    expect(tensors[`${attention}.in_proj_weight`]!.shape).toEqual([12, 8]);
    expect(tensors['encoder.layers.encoder_layer_1.self_attention.in_proj_weight']!.shape).toEqual([24, 8]);
    expect(await outputs(await loadNetwork(path))).toEqual(await outputs(compacted));
  });

  test('kernels lie in the file as PyTorch has them', async () => {
    const saved = await fresh('resnet-test');
    const path = newFile();
    await saveNetwork(path, saved, facts('resnet-test'));
    const { tensors, metadata } = decodeSafetensors(readFileSync(path));
    expect(metadata['format']).toBe('pt');
    // conv1 is 3x3 from 3 to 4 channels; entry [o, i, y, x] there is [y, x, i, o] here.
    expect(tensors['conv1.weight']!.shape).toEqual([4, 3, 3, 3]);
    const ours = await saved.params['conv1.weight']!.data();
    const at = (y: number, x: number, i: number, o: number): number => ours[((y * 3 + x) * 3 + i) * 4 + o]!;
    expect(tensors['conv1.weight']!.data[((2 * 3 + 1) * 3 + 0) * 3 + 2]).toBe(at(0, 2, 1, 2));
    expect(tensors['fc.weight']!.shape).toEqual([3, 8]);
  });

  test('a pruned and compacted network comes back with its plan, its widths and its outputs', async () => {
    const whole = await fresh('resnet-test');
    const masks = masksFreeing(whole.network, 'layer1.0.conv1');
    const plan = planOfMasks(whole.network, masks, { mode: 'target', removeModulated: 0.3 });
    const pruned = applyPlan(whole.params, plan);
    const compaction = planCompaction(whole.network, masks);
    expect(compaction.cuts.length).toBeGreaterThan(0);
    const compacted = applyCompaction(whole.network, pruned, whole.stats, compaction);
    const path = newFile();
    await saveNetwork(path, compacted, {
      ...facts('resnet-test'),
      plan,
      compaction,
      recipe: { name: 'mine' },
    });
    const loaded = await loadNetwork(path);
    expect(loaded.facts).toMatchObject({ plan, compaction, recipe: { name: 'mine' } });
    expect(loaded.network.parameters).toEqual(compacted.network.parameters);
    expect(await outputs(loaded)).toEqual(await outputs(compacted));
  });
});

test("a network of one's own is read with the network, compacted or not", async () => {
  const network = defineNetwork('mine', { images: [6, 6, 2] }, (net, { images }) => {
    const x = net.relu(net.batchNorm('bn', net.conv('a', images, { out: 4, kernel: 3 })));
    const y = net.relu(net.conv('b', x, { out: 5, kernel: 3 }));
    return { logits: net.dense('fc', net.globalAveragePool(y), { out: 3 }) };
  });
  const whole = { network, ...network.init(Rng.fromSeed(4)) };
  const masks = masksFreeing(network, 'a');
  const plan = planOfMasks(network, masks, { mode: 'target', removeModulated: 0.3 });
  const compaction = planCompaction(network, masks);
  const compacted = applyCompaction(network, applyPlan(whole.params, plan), whole.stats, compaction);
  expect(compacted.network.parameters.find((p) => p.name === 'a.weight')!.shape).toEqual([3, 3, 2, 3]);
  for (const saved of [whole, compacted]) {
    const path = newFile();
    const { network: _, ...own } = facts('unused');
    await saveNetwork(path, saved, own);
    const loaded = await loadNetwork(path, { network });
    expect(await outputs(loaded)).toEqual(await outputs(saved));
    expect(loaded.facts).toEqual(own);
  }
});

test('a file of format 1 names a network of the zoo, and is still read', async () => {
  const path = newFile();
  const saved = await fresh('resnet-test');
  await saveNetwork(path, saved, facts('resnet-test'));
  const { tensors, metadata } = decodeSafetensors(readFileSync(path));
  const { network: _, shapes: __, ...others } = metadata;
  await writeSafetensors(path, tensors, {
    ...others,
    'ma-net.network': '1',
    tnet: '{"name":"resnet-test","inputShape":[8,8,3],"modulateStem":false}',
  });
  const loaded = await loadNetwork(path);
  expect(loaded.facts.network).toMatchObject({ use: '@ma-net/tnet#zoo', name: 'resnet-test' });
  expect(loaded.facts.shapes).toEqual({ images: [8, 8, 3] });
  expect(await outputs(loaded)).toEqual(await outputs(saved));
});

test('toMetadata writes each fact as JSON, under a name of its own, and none that is absent', () => {
  const metadata = toMetadata({ ...facts('resnet-test'), recipe: { seed: 3 } });
  expect(Object.keys(metadata).sort()).toEqual(['classes', 'input', 'network', 'recipe', 'shapes']);
  expect(JSON.parse(metadata['classes']!)).toEqual(['a', 'b', 'c']);
  expect(JSON.parse(metadata['recipe']!)).toEqual({ seed: 3 });
});

describe('loadNetwork refuses', () => {
  /** A file of the network whose tensors and metadata went through `change`. */
  async function changed(
    change: (tensors: Record<string, HostTensor>, metadata: Record<string, string>) => void,
  ): Promise<string> {
    const path = newFile();
    await saveNetwork(path, await fresh('resnet-test'), facts('resnet-test'));
    const { tensors, metadata } = decodeSafetensors(readFileSync(path));
    const copy = { tensors: { ...tensors }, metadata: { ...metadata } };
    change(copy.tensors, copy.metadata);
    await writeSafetensors(path, copy.tensors, copy.metadata);
    return path;
  }
  const refusal = (path: string, code: string, message: RegExp) =>
    expect(loadNetwork(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

  test('a file that is not there', () => refusal(join(folder, 'none'), 'not-found', /none/));

  test('a safetensors file of something else', async () => {
    await refusal(await changed((_, m) => delete m['ma-net.network']), 'bad-file', /not an exported network/);
  });

  test('metadata that is damaged, naming the entry', async () => {
    await refusal(await changed((_, m) => (m['network'] = '{')), 'bad-file', /"network" is not JSON/);
    await refusal(await changed((_, m) => (m['input'] = '{"mean":[0]}')), 'bad-file', /input\.std/);
    await refusal(await changed((_, m) => delete m['classes']), 'bad-file', /classes/);
  });

  test('a network that the zoo does not know', async () => {
    await refusal(
      await changed((_, m) => (m['network'] = '{"use":"@ma-net/tnet#zoo","name":"resnet-tset"}')),
      'unknown-name',
      /resnet-test/,
    );
  });

  test('a part of a package that is no dependency, and options that the part does not have', async () => {
    await refusal(
      await changed((_, m) => (m['network'] = '{"use":"left-pad#pad"}')),
      'unknown-name',
      /not a dependency/,
    );
    const typo = '{"use":"@ma-net/tnet#zoo","name":"resnet-test","weigths":"x"}';
    await refusal(await changed((_, m) => (m['network'] = typo)), 'bad-recipe', /did you mean "weights"/);
  });

  test('a network of somebody that was not handed over', async () => {
    await refusal(await changed((_, m) => delete m['network']), 'bad-argument', /what builds its network/);
  });

  test('tensors of another network, listing what differs', async () => {
    const path = await changed((t) => {
      t['conv9.weight'] = t['conv1.weight']!;
      delete t['conv1.weight'];
    });
    await refusal(path, 'network-mismatch', /conv1\.weight: missing[^]*conv9\.weight: unexpected/);
  });

  test('widths that do not fit together', async () => {
    const gain: HostTensor = { shape: [5], dtype: 'float32', data: new Float32Array(5) };
    await refusal(await changed((t) => (t['bn1.weight'] = gain)), 'network-mismatch', /bn1\.weight/);
    // One path of the residual block of layer1 is made narrower than the other.
    const narrow: HostTensor = { shape: [3, 4, 3, 3], dtype: 'float32', data: new Float32Array(108) };
    const path = await changed((t) => (t['layer1.0.conv2.weight'] = narrow));
    await refusal(
      path,
      'network-mismatch',
      /layer1\.0\.conv2\.weight: expected \[4, 4, 3, 3\], found \[3, 4, 3, 3\]/,
    );
  });
});
