// Photographs of your own, end to end: one folder for each class in, a smaller network and its answers out.
//
//   npm run build && node examples/own-images/main.mjs photos 20
//
// Without a folder it draws a few images to learn from, so that it runs as it is.

import { mkdtemp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { photoData, readPhotos } from '@ma-net/data/node';
import { loadClassifier, saveNetwork } from '@ma-net/export/node';
import { defaultMaNet, maNet } from '@ma-net/method-ma-net';
import { applyCompaction, describeCompaction, NEURON_LEVEL, planCompaction } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import { fit, initialState, openMethod } from '@ma-net/trainer';
import sharp from 'sharp';

const [folder = await drawnPhotos(), epochs = '20'] = process.argv.slice(2);
const name = 'resnet10-cifar';

// Images of 32 x 32; a tenth and more of each class is held out to measure on.
await startBackend(onnx);
const data = await photoData(await readPhotos(folder), {
  size: 32,
  crop: 1,
  validation: 0.2,
  augment: { flip: true },
});
const { classNames } = data.facts;
console.log(`${data.train.samples} images of ${classNames.join(', ')}`);

// A network, and a training that lets half of its parameters go, channel by channel.
const network = await createTNet(name, { numClasses: classNames.length, inputShape: [32, 32, 3] });
const source = await data.open({ batchSize: 16, rng: Rng.fromSeed(0) });
const options = {
  seed: 0,
  budget: Number(epochs) * source.batchesPerEpoch,
  learningRate: 0.05,
  schedule: { name: 'cosine', warmup: 0 },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 5e-4 },
};
const { task, training } = openMethod(
  maNet({ ...defaultMaNet, prune: NEURON_LEVEL }),
  classification(network),
  source,
  options,
);
const state = initialState(task, training, options.seed);
await fit({
  ...{ task, training, options, source, state },
  evaluationBatches: () => data.testBatches(16),
  listen: (event) => {
    if (event.type !== 'evaluation') return;
    console.log(`  mini-batch ${event.step}: ${(100 * event.measures.top1).toFixed(1)} % of the test images`);
  },
});
await source.close();

// What is left, as a file that needs none of this.
const removal = await training.removal(state.sections);
if (removal === undefined) throw new Error('Too few epochs: nothing was decided about any connection.');
const compaction = planCompaction(network, removal.masks);
const small = applyCompaction(network, removal.weights(), state.sections.stats, compaction);
console.log(describeCompaction(network, compaction));
const file = join(await mkdtemp(join(tmpdir(), 'ma-net-')), 'photos.safetensors');
await saveNetwork(file, small, { network: zoo({ name }), ...data.facts, compaction });

const classifier = await loadClassifier(file);
const photo = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c03020' } })
  .png()
  .toBuffer();
for (const { name: word, probability } of await classifier.classify(photo))
  console.log(`  ${(100 * probability).toFixed(1).padStart(5)} %  ${word}`);
console.log(file);

/** Squares of red and of blue on noise: two classes that are easy to tell apart. */
async function drawnPhotos() {
  const at = await mkdtemp(join(tmpdir(), 'ma-net-photos-'));
  const rng = Rng.fromSeed(1);
  for (const [word, colour] of Object.entries({ blue: [40, 60, 200], red: [200, 50, 40] })) {
    await mkdir(join(at, word));
    for (let k = 0; k < 40; k++) {
      const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => colour[i % 3] + rng.integer(50));
      await sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } })
        .png()
        .toFile(join(at, word, `${k}.png`));
    }
  }
  return at;
}
