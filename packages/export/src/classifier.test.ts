import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend, uploadParams } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import sharp from 'sharp';
import { beforeAll, expect, test, vi } from 'vitest';
import { loadClassifier } from './classifier.ts';
import { loadClassifier as loadClassifierFile } from './classifier-file.ts';
import { decodeNetwork, encodeNetwork, type TrainedNetwork } from './network-bytes.ts';
import type { NetworkFacts } from './network-facts.ts';
import { encodeOnnx } from './onnx-bytes.ts';

const facts: NetworkFacts = {
  network: zoo({ name: 'resnet8-digits' }),
  shapes: { images: [8, 8, 1] },
  classNames: Array.from('0123456789', (digit) => `the ${digit}`),
  input: { mean: [0.3], std: [0.4], white: 16 },
};
const rng = Rng.fromSeed(5);
/** A grey image of the network's own size. */
const grey = Uint8Array.from({ length: 64 }, () => rng.integer(256));
const image = {
  ...{ width: 8, height: 8 },
  data: Uint8ClampedArray.from({ length: 256 }, (_, i) => (i % 4 === 3 ? 255 : grey[i >> 2]!)),
};
const folder = mkdtempSync(join(tmpdir(), 'ma-net-classifier-'));
let network: TrainedNetwork;

beforeAll(async () => {
  await startBackend(cpu);
  const digits = await createTNet('resnet8-digits', { numClasses: 10 });
  network = { network: digits, ...digits.init(Rng.fromSeed(1)) };
});

/** What the network says of the grey image, computed by hand: (pixel / 255 - mean) / std, then a softmax. */
async function expected(): Promise<{ name: string; probability: number }[]> {
  const data = Float32Array.from(grey, (pixel) => (pixel / 255 - 0.3) / 0.4);
  const images = uploadParams({ images: { dtype: 'float32', shape: [1, 8, 8, 1], data } });
  const { logits } = network.network.forward(network.params, network.stats, images as never, {
    training: false,
  }).outputs;
  const values = [...(await logits!.data())];
  const sum = values.reduce((all, value) => all + Math.exp(value), 0);
  return values
    .map((value, k) => ({ name: `the ${k}`, probability: Math.exp(value) / sum }))
    .sort((a, b) => b.probability - a.probability);
}

const kinds = {
  safetensors: () => encodeNetwork(network, facts),
  'onnx that takes pixels': () => encodeOnnx(network, facts, { pixels: true }),
  'onnx that takes normalised images': () => encodeOnnx(network, facts, { pixels: false }),
};

test.each(Object.entries(kinds))(
  '%s is classified by, with its classes and preprocessing',
  async (_, encode) => {
    const bytes = await encode();
    const classes = await expected();
    const path = join(folder, 'model');
    writeFileSync(path, bytes);
    writeFileSync(
      join(folder, 'grey.png'),
      await sharp(image.data, { raw: { width: 8, height: 8, channels: 4 } })
        .png()
        .toBuffer(),
    );

    const page = await loadClassifier(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    const node = await loadClassifierFile(path);
    expect([page.classNames, page.shape]).toEqual([facts.classNames, [8, 8, 1]]);
    for (const found of [await page.classify(image, 10), await node.classify(join(folder, 'grey.png'), 10)]) {
      expect(found.map(({ name }) => name)).toEqual(classes.map(({ name }) => name));
      found.forEach(({ probability }, k) => expect(probability).toBeCloseTo(classes[k]!.probability, 5));
    }
    expect(await page.classify(image)).toHaveLength(5);
    page.close();
    node.close();
  },
);

test('an address is fetched, and one where nothing is says so', async () => {
  const bytes = await encodeOnnx(network, facts, { pixels: true });
  const server = vi.spyOn(globalThis, 'fetch');
  server.mockResolvedValueOnce(new Response(bytes as Uint8Array<ArrayBuffer>));
  const there = await loadClassifier('https://models.test/digits.onnx');
  expect((await there.classify(image, 1))[0]).toMatchObject({ name: (await expected())[0]!.name });
  there.close();
  server.mockResolvedValueOnce(new Response('', { status: 404 }));
  await expect(loadClassifier(new URL('https://models.test/none.onnx'))).rejects.toMatchObject({
    code: 'not-found',
  });
  server.mockRestore();
});

test('what is no model, or no photograph, is refused', async () => {
  await expect(loadClassifier(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'bad-file' });
  await expect(loadClassifier(new ArrayBuffer(0))).rejects.toMatchObject({ code: 'bad-file' });
  await expect(loadClassifierFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
  const classifier = await loadClassifier(await encodeNetwork(network, facts));
  await expect(classifier.classify(new Blob(['none']))).rejects.toMatchObject({ code: 'bad-argument' });
  classifier.close();
});

test('bytes in memory are read back as the network that they are of', async () => {
  const again = await decodeNetwork(await encodeNetwork(network, facts));
  expect(again.facts).toEqual(facts);
  for (const [name, tensor] of Object.entries(network.params))
    expect(await again.params[name]!.data()).toEqual(await tensor.data());
});
