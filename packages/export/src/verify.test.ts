import { cpu } from '@ma-net/backend-cpu';
import { readParams, Rng, startBackend } from '@ma-net/core';
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
