// DETR on ResNet-50, at full size, with weights that follow from their names, against numbers of the public code:
// `npm run detr -w @ma-net/parity`. What is compared and how the weights are made: packages/task-detr/fixtures/README.md.

import { readFileSync } from 'node:fs';
import { onnx } from '@ma-net/backend-onnx';
import { backpropagate, Rng, startBackend } from '@ma-net/core';
import { DETR_R50, detr, detrNetwork, withDetrWeights } from '@ma-net/task-detr';
import * as tf from '@tensorflow/tfjs-core';

const oracle = JSON.parse(
  readFileSync(new URL('../../packages/task-detr/fixtures/full_size.json', import.meta.url), 'utf8'),
);

/** Numbers in [-1, 1) that follow from a name. */
function uniform(name, count) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b1) + hash) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

function weightOf(name, shape) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (shape.length === 1) return new Float32Array(size).fill(/norm.*weight$/.test(name) ? 1 : 0);
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const bound = name === 'query_embed.weight' ? 1 : Math.sqrt(3 / fanIn);
  return Float32Array.from(uniform(`detr.${name}`, size), (u) => bound * u);
}

await startBackend(onnx);
const [height, width] = [128, 160];
const fresh = detrNetwork('detr', [height, width, 3], { ...DETR_R50, dropout: 0 });
const file = Object.fromEntries(
  Object.entries(oracle.shapes).map(([name, shape]) => [
    name,
    { shape, dtype: 'float32', data: weightOf(name, shape) },
  ]),
);
// Normalisations of the backbone as they start: they are not in the file of shapes.
for (const { name, shape, initial } of fresh.statistics)
  file[name.replace('backbone.body', 'backbone.0.body')] = {
    shape,
    dtype: 'float32',
    data: new Float32Array(shape[0]).fill(initial),
  };
const { network } = withDetrWeights(fresh, file, 'the rule of the fixtures');
const { params, stats } = network.init(Rng.fromSeed(0));

const pixels = uniform('full.image', height * width * 3).map((u) => Math.floor((u + 1) * 128));
const [mean, std] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const images = Float32Array.from(pixels, (value, i) => (value / 255 - mean[i % 3]) / std[i % 3]);
const boxes = [20, 16, 60, 50, 70.5, 30, 150, 110, 5, 60, 40, 118];
const batch = {
  images_BHWC: tf.tensor4d(images, [1, height, width, 3]),
  boxes_BN4: tf.tensor3d(boxes, [1, 3, 4]),
  labels_BN: tf.tensor2d([18, 1, 70], [1, 3], 'int32'),
  sizes_B2: tf.tensor2d([height, width], [1, 2], 'int32'),
};

const worst = {};
const compare = (kind, found, expected) => {
  const error = Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-6);
  worst[kind] = Math.max(worst[kind] ?? 0, error);
  if (error > LIMITS[kind]) console.log(`  ${kind}: ${found} instead of ${expected}`);
};
const LIMITS = { losses: 1e-3, 'gradient norms': 1e-2, predictions: 1e-3, counts: 0 };

const count = (list) => list.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
compare('counts', count(network.parameters), oracle.counts.total);

const { outputs } = network.forward(
  params,
  stats,
  { images: batch.images_BHWC, sizes: batch.sizes_B2 },
  { training: false },
);
const logits = await outputs.logits.data();
const found = await outputs.boxes.data();
oracle.logits_last_layer_query_0_first_5.forEach((value, i) => compare('predictions', logits[i], value));
oracle.boxes_last_layer_first_3.flat().forEach((value, i) => compare('predictions', found[i], value));
const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
const sum = (values) => values.reduce((a, x) => a + x, 0);
compare('predictions', norm(logits), oracle.logits_norm);
compare('predictions', sum(logits), oracle.logits_sum);
compare('predictions', sum(found), oracle.boxes_sum);

const step = await backpropagate({
  task: detr(network),
  batch,
  stats,
  ctx: { training: true },
  values: params,
  names: Object.keys(params),
  forward: (given) => ({ params: given, aux: {} }),
});
const term = async (name) => (await step.terms[name].data())[0];
compare('losses', await term('loss'), oracle.total);
compare('losses', await term('class'), oracle.losses.loss_ce);
compare('losses', await term('l1'), oracle.losses.loss_bbox);
compare('losses', await term('giou'), oracle.losses.loss_giou);
for (const [name, { norm: expected }] of Object.entries(oracle.gradients)) {
  const ours = name.includes('in_proj_weight')
    ? [...'qkv'].map((part) => name.replace('in_proj_weight', `${part}.weight`))
    : [name.replace('backbone.0.body', 'backbone.body')];
  const parts = await Promise.all(ours.map(async (one) => norm(await step.grads[one].data())));
  compare('gradient norms', norm(parts), expected);
}

for (const [kind, error] of Object.entries(worst))
  console.log(`${kind.padEnd(15)} ${error.toExponential(1)} of ${LIMITS[kind].toExponential(0)} allowed`);
if (Object.entries(worst).some(([kind, error]) => error > LIMITS[kind])) process.exitCode = 1;
