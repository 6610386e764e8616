import { type HostTensor, MaNetError, type Network, param, readParams, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTNet } from '../index.ts';
import { toPyTorch } from './formats.ts';
import { startingFrom, withWeights } from './load.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

async function fileOf(network: Network, seed: number, format?: string): Promise<Record<string, HostTensor>> {
  const { params, stats } = network.init(Rng.fromSeed(seed));
  return toPyTorch(network, await readParams({ ...params, ...stats }), format);
}

describe('withWeights', () => {
  test.each(['resnet-test', 'densenet-test', 'vit-test', 'swin-test'])(
    'starts %s from what another one has learned',
    async (name) => {
      const network = await createTNet(name, { numClasses: 5 });
      const { network: loaded, report } = withWeights(network, await fileOf(network, 1, 'timm'));
      const theirs = await readParams(network.init(Rng.fromSeed(1)).params);
      const ours = loaded.init(Rng.fromSeed(2));
      expect(await readParams(ours.params)).toEqual(theirs);
      expect(Object.keys(ours.stats)).toEqual(network.statistics.map((s) => s.name));
      expect(report.replaced).toEqual([]);
      expect(report.loaded).toBe(
        [...network.parameters, ...network.statistics].reduce(
          (sum, p) => sum + p.shape.reduce((a, b) => a * b, 1),
          0,
        ),
      );
    },
  );

  test('a classifier for other classes starts afresh, from the seed', async () => {
    const thousand = await createTNet('resnet-test', { numClasses: 7 });
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const { network: loaded, report } = withWeights(network, await fileOf(thousand, 1));
    expect(report.replaced).toEqual([
      { name: 'fc.weight', expected: [5, 8], found: [7, 8] },
      { name: 'fc.bias', expected: [5], found: [7] },
    ]);
    const [a, b] = [loaded.init(Rng.fromSeed(2)).params, network.init(Rng.fromSeed(2)).params];
    expect(await param(a, 'fc.weight').data()).toEqual(await param(b, 'fc.weight').data());
    expect(await param(a, 'conv1.weight').data()).not.toEqual(await param(b, 'conv1.weight').data());
  });

  test('startingFrom takes what there is and fits, and draws the rest from the seed', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const theirs = await readParams(network.init(Rng.fromSeed(1)).params);
    const some = { 'conv1.weight': theirs['conv1.weight']!, 'fc.bias': theirs['fc.weight']! };
    const ours = await readParams(startingFrom(network, some).init(Rng.fromSeed(2)).params);
    const drawn = await readParams(network.init(Rng.fromSeed(2)).params);
    expect(ours).toEqual({ ...drawn, 'conv1.weight': theirs['conv1.weight'] });
  });

  test('networks that it is retraced to start from them too', async () => {
    const seven = await createTNet('resnet-test', { numClasses: 7 });
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const file = await fileOf(seven, 1);
    const { network: loaded } = withWeights(network, file);
    const theirs = await readParams(seven.init(Rng.fromSeed(1)).params);
    const drawn = await readParams(network.init(Rng.fromSeed(2)).params);

    // Without the classifier: all of the file's.
    const output = network.values.find(({ name }) => name !== 'logits')!.name;
    const body = loaded.withOutputs([output]);
    const ofBody = await readParams(body.init(Rng.fromSeed(2)).params);
    expect(Object.keys(ofBody)).toEqual(body.parameters.map(({ name }) => name));
    for (const [name, tensor] of Object.entries(ofBody)) expect(tensor).toEqual(theirs[name]);

    // With the classifier again: it starts afresh, as in the network itself.
    const again = await readParams(body.withOutputs(['logits']).init(Rng.fromSeed(2)).params);
    for (const [name, tensor] of Object.entries(again))
      expect(tensor).toEqual((name.startsWith('fc.') ? drawn : theirs)[name]);

    // Narrower between two convolutions: these are others', and drawn.
    const shapes = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, shape]));
    const [h, w, into, wide] = shapes['layer1.0.conv1.weight']!;
    const narrow = loaded.resized({ ...shapes, 'layer1.0.conv1.weight': [h!, w!, into!, wide! - 1] });
    const { params, stats } = narrow.init(Rng.fromSeed(2));
    const ofNarrow = await readParams(params);
    expect(ofNarrow['conv1.weight']).toEqual(theirs['conv1.weight']);
    const fresh = narrow.resized({}).init(Rng.fromSeed(2));
    expect((await readParams(fresh.params))['conv1.weight']).toEqual(theirs['conv1.weight']);
    const plain = await readParams(network.resized(shapes).init(Rng.fromSeed(2)).params);
    expect(ofNarrow['layer1.0.conv1.weight']!.shape).toEqual([h, w, into, wide! - 1]);
    expect(ofNarrow['fc.weight']).toEqual(plain['fc.weight']);
    expect(stats['layer1.0.bn1.running_var']!.shape).toEqual([wide! - 1]);
  });

  test('the counters of normalisations are no weights', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const counter: HostTensor = { shape: [], dtype: 'int32', data: Int32Array.of(7) };
    const file = { ...(await fileOf(network, 1)), 'bn1.num_batches_tracked': counter };
    expect(() => withWeights(network, file)).not.toThrow();
  });

  test('weights of another architecture are refused with every kind of difference', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const file = await fileOf(network, 1);
    const wrong = {
      ...file,
      'extra.weight': file['fc.bias']!,
      'bn1.bias': { ...file['bn1.bias']!, shape: [2, 2] },
    };
    delete (wrong as Record<string, HostTensor>)['conv1.weight'];
    const load = (): unknown => withWeights(network, wrong, 'wrong.safetensors');
    expect(load).toThrow(MaNetError);
    expect(load).toThrow(
      [
        "The weights do not belong to resnet-test, read with torchvision's names. Nothing was loaded.",
        '  1 missing:',
        '    conv1.weight [4, 3, 3, 3]',
        '  1 unexpected:',
        '    extra.weight [5]',
        '  1 of another shape:',
        '    bn1.bias [2, 2], expected [4]',
        '  at wrong.safetensors',
      ].join('\n'),
    );
  });

  test('hundreds of differences are told in a few lines', async () => {
    const network = await createTNet('swin-test', { numClasses: 5 });
    const file = await fileOf(await createTNet('densenet-imagenet-test', { numClasses: 5 }), 1);
    const load = (): unknown => withWeights(network, file);
    expect(load).toThrow(/\d+ of its \d+ tensors are in the file; the first that differ:\n/);
    expect(load).toThrow(/unexpected:(\n {4}\S+ \[.*\]){4}\n {4}\.\.\. and \d+ more/);
  });

  test('weights of a compacted network are called what they are', async () => {
    const network = await createTNet('resnet-test', { numClasses: 7 });
    const narrow = network.resized({
      'conv1.weight': [3, 3, 3, 4],
      'layer1.0.conv1.weight': [3, 3, 4, 2],
      'layer1.0.bn1.weight': [2],
      'layer1.0.bn1.bias': [2],
      'layer1.0.conv2.weight': [3, 3, 2, 4],
    });
    const file = await fileOf(narrow, 1);
    expect(() => withWeights(network, file)).toThrow(
      /narrower resnet-test[^]*layer1\.0\.conv1\.weight[^]*all that is to go at once/,
    );
    const wide = await fileOf(network, 1);
    expect(() => withWeights(narrow, wide)).toThrow(/do not belong/);
  });

  test('createTNet names the network that they look like', async () => {
    const weights = Object.fromEntries(
      Object.entries(await fileOf(await createTNet('resnet20-cifar', { numClasses: 7 }), 1)).map(
        ([name, tensor]) => [`module.${name}`, tensor],
      ),
    );
    await expect(createTNet('resnet18', { numClasses: 5, weights })).rejects.toThrow(
      /"module\." before every name was left out[^]*hint: they look like those of resnet20-cifar/,
    );
  });

  test('whole numbers are no weights', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const file = await fileOf(network, 1);
    const kernel = file['layer1.0.conv1.weight']!;
    const data = Int32Array.from(kernel.data, (x) => Math.round(x * 127));
    const quantised: HostTensor = { ...kernel, dtype: 'int32', data, stored: 'I8' };
    expect(() =>
      withWeights(network, { ...file, 'layer1.0.conv1.weight': quantised }, 'q.safetensors'),
    ).toThrow(
      expect.objectContaining({
        code: 'network-mismatch',
        message: expect.stringMatching(/\n {4}layer1\.0\.conv1\.weight: I8\n {2}at q\.safetensors/) as string,
      }),
    );
  });

  test('converted numbers are told', async () => {
    const network = await createTNet('resnet-test', { numClasses: 5 });
    const file = await fileOf(network, 1);
    const half = { ...file, 'conv1.weight': { ...file['conv1.weight']!, stored: 'BF16' as const } };
    expect(withWeights(network, half).report.converted).toEqual(['BF16']);
    expect(withWeights(network, file).report.converted).toEqual([]);
  });

  test('leaves nothing behind', async () => {
    const network = await createTNet('vit-test', { numClasses: 5 });
    const file = await fileOf(network, 1);
    const before = tf.memory().numTensors;
    const { network: loaded } = withWeights(network, file);
    expect(tf.memory().numTensors).toBe(before);
    const { params, stats } = loaded.init(Rng.fromSeed(1));
    tf.dispose([params, stats] as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });
});
