// Faster R-CNN on ResNet-50, at full size, with weights that follow from their names, against numbers of detectron2 and
// torchvision: `npm run rcnn -w @ma-net/parity -- detectron2`, or `torchvision`. Levels alone with `--levels`: losses take
// 10 GB of memory with the samples of detectron2, 3 GB with those of torchvision.

import { readFileSync } from 'node:fs';
import { onnx } from '@ma-net/backend-onnx';
import { backpropagate, fromTorchLayout, Rng, startBackend, torchShape, uploadParams } from '@ma-net/core';
import { RESNET_50 } from '@ma-net/detection';
import { rcnn, rcnnFormats, rcnnNetwork, rcnnRules } from '@ma-net/task-rcnn';
import { fromPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';

const set = process.argv.includes('torchvision') ? 'torchvision' : 'detectron2';
const read = (name) =>
  JSON.parse(
    readFileSync(new URL(`../../packages/task-rcnn/fixtures/${name}.json`, import.meta.url), 'utf8'),
  );
const oracle = read('full_size')[set];

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

const prefix = set === 'torchvision' ? 'tv.' : 'full.';
function weightOf(name, shape) {
  const size = shape.reduce((a, b) => a * b, 1);
  if (shape.length === 1) return new Float32Array(size);
  const small = /(bbox_pred|anchor_deltas)\.weight$/.test(name) ? 0.1 : 1;
  const bound = small * Math.sqrt(3 / shape.slice(1).reduce((a, b) => a * b, 1));
  return Float32Array.from(uniform(prefix + name, size), (u) => bound * u);
}

await startBackend(onnx);
const [height, width] = [128, 160];
const constants = rcnnRules(set);
// No box of such an image has more than six pixels in a cell.
const sampling = set === 'torchvision' ? 2 : { adaptive: true, most: 6 };
const rules = { ...constants, roi: { ...constants.roi, align: { ...constants.roi.align, sampling } } };
const classes = set === 'torchvision' ? 90 : 80;
const network = rcnnNetwork('whole', { body: RESNET_50, classes, images: [height, width, 3] }, rules);
const shapes =
  set === 'detectron2'
    ? read('parameters').detectron2.shapes
    : Object.fromEntries(network.parameters.map(({ name, kind, shape }) => [name, torchShape(kind, shape)]));
const file = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => [
    name,
    { shape, dtype: 'float32', data: weightOf(name, shape) },
  ]),
);
const named = fromPyTorch(network, file, { [set]: rcnnFormats[set] }).tensors;
const params = uploadParams(fromTorchLayout(network.parameters, named));
// Normalisations are as they start.
const { params: unused, stats } = network.init(Rng.fromSeed(0));
tf.dispose(unused);

const pixels = uniform('full.image', height * width * 3).map((u) => Math.floor((u + 1) * 128));
const [mean, std] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const images = Float32Array.from(pixels, (value, i) => (value / 255 - mean[i % 3]) / std[i % 3]);
const batch = {
  images_BHWC: tf.tensor4d(images, [1, height, width, 3]),
  boxes_BN4: tf.tensor3d([20, 16, 60, 50, 70.5, 30, 150, 110, 5, 60, 40, 118], [1, 3, 4]),
  labels_BN: tf.tensor2d([17, 0, 62], [1, 3], 'int32'),
  sizes_B2: tf.tensor2d([height, width], [1, 2], 'int32'),
};

const LIMITS = { losses: 1e-3, 'gradient norms': 1e-2, 'level norms': 1e-3 };
const worst = {};
const compare = (kind, found, expected, what) => {
  const error = Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-6);
  worst[kind] = Math.max(worst[kind] ?? 0, error);
  if (error > LIMITS[kind]) console.log(`  ${what}: ${found} instead of ${expected}`);
};
const norm = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

if (oracle.features !== undefined) {
  const levels = network.withOutputs(Object.keys(oracle.features));
  const { outputs } = levels.forward(params, stats, { images: batch.images_BHWC }, { training: true });
  for (const [level, expected] of Object.entries(oracle.features))
    compare('level norms', norm(await outputs[level].data()), expected.norm, level);
  tf.dispose(outputs);
}

if (!process.argv.includes('--levels')) {
  const ruled = {
    split: () => ruled,
    uniforms: (count) => uniform('sample', count),
  };
  const theirs = (name) =>
    fromPyTorch(
      network,
      { [name]: { shape: [1], dtype: 'float32', data: new Float32Array(1) } },
      { [set]: rcnnFormats[set] },
    );
  const names = Object.keys(oracle.gradients).map((name) => [name, Object.keys(theirs(name).tensors)[0]]);
  const { terms, grads } = await backpropagate({
    task: rcnn(network, rules),
    batch,
    stats,
    ctx: { training: true, rng: ruled },
    values: params,
    names: names.map(([, ours]) => ours),
    forward: (w) => ({ params: w, aux: {} }),
  });
  const [objectness, proposals, cls, boxes] =
    set === 'torchvision'
      ? ['loss_objectness', 'loss_rpn_box_reg', 'loss_classifier', 'loss_box_reg']
      : ['loss_rpn_cls', 'loss_rpn_loc', 'loss_cls', 'loss_box_reg'];
  for (const [ours, name] of Object.entries({ objectness, proposals, classes: cls, boxes }))
    compare('losses', (await terms[ours].data())[0], oracle.losses[name], name);
  for (const [name, ours] of names)
    compare('gradient norms', norm(await grads[ours].data()), oracle.gradients[name].norm, name);
}

let failed = false;
for (const [kind, error] of Object.entries(worst)) {
  failed ||= error > LIMITS[kind];
  console.log(`${set}, ${kind}: within ${error.toExponential(1)}, expected ${LIMITS[kind]}`);
}
process.exitCode = failed ? 1 : 0;
