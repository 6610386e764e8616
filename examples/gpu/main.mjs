// A training on a GPU: CUDA where the libraries are, WebGPU where a driver is. Where neither can be, it says why.
//
//   npm run build && node examples/gpu/main.mjs cifar-10-batches-bin
//
// Without a folder it trains on the digits that come with @ma-net/data.

import { cuda } from '@ma-net/backend-cuda';
import { webgpu } from '@ma-net/backend-webgpu';
import { Rng, refusalOf, startBackend } from '@ma-net/core';
import { imageData } from '@ma-net/data';
import { digits, readCifar10 } from '@ma-net/data/node';
import { defaultMaNet, maNet } from '@ma-net/method-ma-net';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { fit, initialState, openMethod } from '@ma-net/trainer';

const [folder, epochs = '24'] = process.argv.slice(2);

// A software renderer is no GPU: it is passed over, as "--backend auto" does.
let running;
for (const adapter of [cuda, webgpu]) {
  const refusal = refusalOf(adapter, await adapter.probe());
  if (refusal === undefined) {
    running = await startBackend(adapter);
    break;
  }
  console.log(`no ${adapter.name}: ${refusal}`);
}
if (running === undefined) {
  console.log('There is no GPU here that this example could train on.');
  process.exit(0);
}
console.log(`${running.name}: ${running.device}`);

const data = await imageData(folder === undefined ? await digits() : await readCifar10(folder), {
  augment: folder === undefined ? { padCrop: 1 } : { padCrop: 4, flip: true },
});
const network = await createTNet(folder === undefined ? 'resnet8-digits' : 'resnet18-cifar', {
  numClasses: 10,
  inputShape: data.facts.shapes.images,
});
const source = await data.open({ batchSize: 128, rng: Rng.fromSeed(0) });
const options = {
  seed: 0,
  budget: Number(epochs) * source.batchesPerEpoch,
  learningRate: 0.1,
  schedule: { name: 'cosine', warmup: 0 },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 5e-4 },
};
const method = maNet({ ...defaultMaNet, prune: NEURON_LEVEL });
const { task, training } = openMethod(method, classification(network), source, options);
const state = initialState(task, training, options.seed);
let seconds = 0;
await fit({
  ...{ task, training, options, source, state },
  evaluationBatches: () => data.testBatches(250),
  listen: (event) => {
    if (event.type === 'step') seconds += event.seconds;
    if (event.type !== 'evaluation') return;
    const each = (1000 * seconds) / event.step;
    console.log(
      `  mini-batch ${event.step} of ${options.budget}: ${(100 * event.measures.top1).toFixed(1)} %, ${each.toFixed(1)} ms each`,
    );
  },
});
await source.close();
