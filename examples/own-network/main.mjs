// A network of your own: layers by name; what can be pruned with what follows from the program.
//
//   npm run build && node examples/own-network/main.mjs 12
//
// It learns the handwritten digits that come with @ma-net/data, loses half of its parameters, and is written as ONNX.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { defineNetwork, evaluate, Rng, startBackend } from '@ma-net/core';
import { imageData } from '@ma-net/data';
import { digits } from '@ma-net/data/node';
import { encodeOnnx } from '@ma-net/export';
import { defaultMaNet, maNet } from '@ma-net/method-ma-net';
import { applyCompaction, describeCompaction, NEURON_LEVEL, planCompaction } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { fit, initialState, openMethod } from '@ma-net/trainer';

const [epochs = '12'] = process.argv.slice(2);

/** Two convolutions, and a third one around a shortcut. */
const network = defineNetwork('my-net', { images: [8, 8, 1] }, (net, { images }) => {
  const layer = (name, x, options) =>
    net.relu(net.batchNorm(`${name}.norm`, net.conv(`${name}.conv`, x, { kernel: 3, ...options })));
  const x = layer('first', images, { out: 24 });
  const y = layer('second', x, { out: 48, stride: 2 });
  const z = net.add(y, layer('third', y, { out: 48 }));
  return { logits: net.dense('head', net.globalAveragePool(z), { out: 10 }) };
});

await startBackend(onnx);
const data = await imageData(await digits(), { augment: { padCrop: 1 } });
const source = await data.open({ batchSize: 64, rng: Rng.fromSeed(0) });
const options = {
  seed: 0,
  budget: Number(epochs) * source.batchesPerEpoch,
  learningRate: 0.1,
  schedule: { name: 'cosine', warmup: 0 },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-3 },
};
// With the last layer among the connections, the channels that it reads can go as well.
const select = { ...defaultMaNet.select, outputs: true };
const method = maNet({ ...defaultMaNet, select, prune: NEURON_LEVEL });
const { task, training } = openMethod(method, classification(network), source, options);
const state = initialState(task, training, options.seed);
await fit({
  ...{ task, training, options, source, state },
  evaluationBatches: () => data.testBatches(100),
  listen: (event) => {
    if (event.type === 'masks') console.log(`  ${event.kept} of ${event.connections} connections are alive`);
    if (event.type === 'evaluation')
      console.log(
        `  mini-batch ${event.step}: ${(100 * event.measures.top1).toFixed(1)} % of the test digits`,
      );
  },
});
await source.close();

const removal = await training.removal(state.sections);
if (removal === undefined) throw new Error('Too few epochs: nothing was decided about any connection.');
const compaction = planCompaction(network, removal.masks);
const small = applyCompaction(network, removal.weights(), state.sections.stats, compaction);
console.log(describeCompaction(network, compaction));
const { top1 } = await evaluate(classification(small.network), small, data.testBatches(100));
console.log(`compacted: ${(100 * top1).toFixed(1)} % of the test digits`);

const file = join(await mkdtemp(join(tmpdir(), 'ma-net-')), 'my-net.onnx');
await writeFile(file, await encodeOnnx(small, { ...data.facts, compaction }, { pixels: true }));
console.log(file);
