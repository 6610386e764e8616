// CondInst and BoxInst with ResNet-50 at full width against AdelaiDet's: losses, norms of the pyramid's levels and of
// gradients. Weights and the image follow from the seed rule below. Takes minutes and gigabytes; not part of the tests.
//
//   npm run full-size -w @ma-net/zoo

import { readFileSync } from 'node:fs';
import { onnx } from '@ma-net/backend-onnx';
import { backpropagate, defineNetwork, readParams, Rng, startBackend } from '@ma-net/core';
import { pyramidBackbone, withCondInstWeights } from '@ma-net/detection';
import { boxInstNetwork, boxInstTask } from '@ma-net/task-boxinst';
import { condInstNetwork, condInstTask } from '@ma-net/task-condinst';
import { toPyTorch } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';

const oracle = JSON.parse(
  readFileSync(new URL('fixtures/full-size-instances.json', import.meta.url), 'utf8'),
);
const [HEIGHT, WIDTH] = [128, 160];
const MEAN = [103.53, 116.28, 123.675];
const INPUT = { mean: MEAN, std: [1, 1, 1], white: 1 };
const SHAPE = {
  body: { block: 'bottleneck', depths: [3, 4, 6, 3], stem: 'imagenet', strideIn: '1x1' },
  classes: 80,
};

/** What both see with. */
const pyramid = defineNetwork('pyramid', { images: [HEIGHT, WIDTH, 3] }, (net, { images }) =>
  pyramidBackbone(net, images, {
    body: SHAPE.body,
    pyramid: { width: 256, first: 3, beyond: 'convolutions' },
  }),
);

/** Numbers from -1 to 1 that follow from a name: FNV-1a of it, then murmur3's finaliser of every index. */
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

const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

/** The reference's name of a tensor of ours. */
const theirs = (name) =>
  name
    .replace('backbone.body.conv1', 'backbone.bottom_up.stem.conv1')
    .replace(/backbone\.body\.layer(\d)\./, (_, stage) => `backbone.bottom_up.res${Number(stage) + 1}.`)
    .replace('downsample.0', 'shortcut')
    .replace(/fpn\.inner_blocks\.(\d)\.0/, (_, i) => `fpn_lateral${Number(i) + 3}`)
    .replace(/fpn\.layer_blocks\.(\d)\.0/, (_, i) => `fpn_output${Number(i) + 3}`)
    .replace('fpn.extra_blocks', 'top_block');

function weightOf(prefix, name, shape) {
  const other = theirs(name);
  const constant = (value) => new Float32Array(sizeOf(shape)).fill(value);
  if (other.endsWith('cls_logits.bias')) return constant(-2);
  if (other.endsWith('bbox_pred.bias')) return constant(2);
  if (shape.length < 2) return constant(other.endsWith('.bias') ? 0 : 1);
  const small = /(bbox_pred|controller)\.weight$/.test(other) ? 0.1 : 1;
  const bound = small * Math.sqrt((3 * shape[0]) / sizeOf(shape));
  return Float32Array.from(uniform(`${prefix}.${other}`, sizeOf(shape)), (u) => bound * u);
}

function batchOf() {
  const pixels = Float32Array.from(uniform('full.image', HEIGHT * WIDTH * 3), (u, i) => {
    return Math.floor((u + 1) * 128) - MEAN[i % 3];
  });
  const boxes = oracle.input.boxes;
  const masks = new Float32Array((boxes.length * HEIGHT * WIDTH) / 16);
  const centres = boxes.map(([x0, y0, x1, y1], n) => {
    let [count, sumX, sumY] = [0, 0, 0];
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [across, down] = [(x - (x0 + x1) / 2) / ((x1 - x0) / 2), (y - (y0 + y1) / 2) / ((y1 - y0) / 2)];
        if (across ** 2 + down ** 2 >= 1) continue;
        [count, sumX, sumY] = [count + 1, sumX + x, sumY + y];
        if (x % 4 === 2 && y % 4 === 2)
          masks[((n * HEIGHT) / 4) * (WIDTH / 4) + ((y - 2) / 4) * (WIDTH / 4) + (x - 2) / 4] = 1;
      }
    }
    return [sumX / count, sumY / count];
  });
  const size = () => tf.tensor2d([[HEIGHT, WIDTH]], [1, 2], 'int32');
  return {
    images_BHWC: tf.tensor4d(pixels, [1, HEIGHT, WIDTH, 3]),
    boxes_BN4: tf.tensor3d([boxes]),
    labels_BN: tf.tensor2d([oracle.input.classes], undefined, 'int32'),
    masks_BNhw: tf.tensor4d(masks, [1, boxes.length, HEIGHT / 4, WIDTH / 4]),
    centres_BN2: tf.tensor3d([centres]),
    sizes_B2: size(),
    originals_B2: size(),
    indices_B: tf.tensor1d([0], 'int32'),
  };
}

let worst = 0;
/** `relative` is how far apart two numbers may be. */
function compare(what, found, expected, relative) {
  const apart = Math.abs(found / expected - 1);
  worst = Math.max(worst, apart / relative);
  console.log(
    `${apart <= relative ? 'ok ' : 'BAD'} ${apart.toExponential(1)}  ${what}  ${found} ${expected}`,
  );
}

async function check(prefix, network, task, expected, names) {
  const given = network.init(Rng.fromSeed(0));
  const file = toPyTorch(network, await readParams({ ...given.params, ...given.stats }));
  tf.dispose([given.params, given.stats]);
  for (const [name, tensor] of Object.entries(file)) {
    const { shape } = tensor;
    const frozen = /running_mean/.test(name) ? 0 : 1;
    const isStatistic = /running_(mean|var)$/.test(name);
    const data = isStatistic
      ? new Float32Array(sizeOf(shape)).fill(frozen)
      : name.endsWith('_iter')
        ? Float32Array.of(oracle.input.boxinst_iteration - 1)
        : weightOf(prefix, name, shape);
    file[name] = { ...tensor, data };
  }
  const { params, stats } = withCondInstWeights(network, file).network.init(Rng.fromSeed(0));
  const batch = batchOf();
  const { outputs } = pyramid.forward(params, stats, { images: batch.images_BHWC }, { training: false });
  for (const [level, { norm }] of Object.entries(expected.features))
    compare(level, (await tf.norm(outputs[level]).data())[0], norm, 1e-3);
  const step = await backpropagate({
    task,
    batch,
    stats,
    ctx: { training: true },
    values: params,
    names: Object.keys(params),
    forward: (w) => ({ params: w, aux: {} }),
  });
  const terms = await readParams(step.terms);
  for (const [ours, name] of Object.entries(names))
    compare(name, terms[ours].data[0], expected.losses[name], 1e-3);
  const byName = new Map(Object.keys(step.grads).map((name) => [theirs(name), step.grads[name]]));
  for (const [name, { norm }] of Object.entries(expected.gradients))
    compare(name, (await tf.norm(byName.get(name)).data())[0], norm, 1e-2);
}

await startBackend(onnx);
const losses = { cls: 'loss_fcos_cls', loc: 'loss_fcos_loc', ctr: 'loss_fcos_ctr' };
const condinst = condInstNetwork('condinst', [HEIGHT, WIDTH, 3], SHAPE);
console.log('CondInst');
await check('condinst', condinst, condInstTask(condinst, { instances: 64 }), oracle.condinst_r50_fpn, {
  ...losses,
  mask: 'loss_mask',
});
const boxinst = boxInstNetwork('boxinst', [HEIGHT, WIDTH, 3], SHAPE);
console.log('BoxInst');
await check('boxinst', boxinst, boxInstTask(boxinst, INPUT, { channels: 'BGR' }), oracle.boxinst_r50_fpn, {
  ...losses,
  projection: 'loss_prj',
  pairwise: 'loss_pairwise',
});
console.log(worst <= 1 ? 'All within their tolerances.' : 'Something is beyond its tolerance.');
process.exitCode = worst <= 1 ? 0 : 1;
