import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, type Network, readParams, Rng, startBackend } from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { digits } from '@ma-net/data/parts';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Format } from './format.ts';
import { verify } from './verify.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

async function setup() {
  const data = await digits.open(digits.schema.parse({ testLimit: 300 }));
  const network = await createTNet('resnet-test', { numClasses: 10, inputShape: [8, 8, 1] });
  const { params, stats } = network.init(Rng.fromSeed(0));
  const reference = { network, params, stats };
  const open = {
    data,
    facts: data.facts,
    task: { inputs: ({ images_BHWC }: ImageBatch) => ({ images: images_BHWC }) },
    evaluationBatches: () => data.testBatches(250),
  };
  /** A file that computes the network on its input times `scale`, and adds `error` to every logit. */
  const format = (scale: number, error: number, name = 'logits'): Pick<Format, 'run'> => ({
    run: async (_, { images }) => {
      const logits_BK = tf.tidy(() => {
        const images_BHWC = tf.mul(tf.tensor(images!.data, [...images!.shape]), scale);
        const { outputs } = network.forward(params, stats, { images: images_BHWC }, { training: false });
        return tf.add(outputs.logits, error);
      });
      const read = await readParams({ [name]: logits_BK });
      logits_BK.dispose();
      return read;
    },
  });
  return { open, reference, format };
}

test('a file that computes the same is verified on every test image, fill-ups left out', async () => {
  const { open, reference, format } = await setup();
  const before = tf.memory().numTensors;
  // 300 images are a batch of 250 and one of 50.
  expect(await verify(format(1, 0), 'x', reference, open, false)).toEqual({
    images: 300,
    same: 300,
    largest: 0,
  });
  // The digits have 17 grey levels; 1/16 is what normalising them comes to.
  const pixels = await verify(format(1 / 16, 0), 'x', reference, open, true);
  expect(pixels).toMatchObject({ images: 300, same: 300 });
  expect(tf.memory().numTensors).toBe(before);
});

test.each([0.01, Number.NaN])('a file whose logits are off by %s is refused', async (error) => {
  const { open, reference, format } = await setup();
  await expect(verify(format(1, error), 'x', reference, open, false)).rejects.toMatchObject({
    code: 'backend-failed',
  });
});

test('so is one without an output of the network', async () => {
  const { open, reference, format } = await setup();
  await expect(verify(format(1, 0, 'scores'), 'x', reference, open, false)).rejects.toMatchObject({
    code: 'backend-failed',
    message: expect.stringContaining('"logits" is none of that name, expected [250, 10]') as string,
  });
});

test('every image is verified in the shape that the data give it, by the file of that shape', async () => {
  const network = defineNetwork('any', { images: [4, 6, 3] }, (net, { images }) => ({
    map: net.conv('a', images, { out: 2, kernel: 3 }),
  }));
  const { params, stats } = network.init(Rng.fromSeed(0));
  const rng = Rng.fromSeed(1);
  /** Two of three are real in the second batch. */
  const batches = () =>
    [
      [
        [4, 6],
        [0, 1, 2],
      ],
      [
        [6, 4],
        [3, 4, -1],
      ],
    ].map(([size, indices]) => ({
      images_BHWC: tf.tensor(rng.normals(216, 1), [3, ...size!, 3]),
      indices_B: tf.tensor1d(indices!, 'int32'),
    }));
  const open = {
    data: { test: { samples: 5 } },
    facts: { input: { mean: [0, 0, 0], std: [1, 1, 1], white: 1 } },
    task: { inputs: ({ images_BHWC }: ReturnType<typeof batches>[number]) => ({ images: images_BHWC }) },
    evaluationBatches: batches,
  };
  const asked: [string, number][] = [];
  const format = (error: number): Pick<Format, 'run'> => ({
    async run(path, { images }) {
      asked.push([path, images!.shape[0]!]);
      const given = { images: tf.tensor(images!.data, [...images!.shape]) };
      const { outputs } = network.forward(params, stats, given, { training: false });
      const wrong = tf.add(outputs.map, path === '6,4,3' ? error : 0);
      const read = await readParams({ map: wrong });
      tf.dispose([given, outputs, wrong] as tf.TensorContainer);
      return read;
    },
  });
  const reference = { network: network as unknown as Network, params, stats };
  const check = (error: number) => verify(format(error), (shape) => shape.join(), reference, open, false);
  expect(await check(0)).toMatchObject({ images: 5, same: 5 });
  expect(asked).toEqual([
    ['4,6,3', 3],
    ['6,4,3', 2],
  ]);
  await expect(check(1)).rejects.toMatchObject({ code: 'backend-failed', where: '6,4,3' });
});
