// One rank, started by a launcher: does what its first argument says, and writes the result as JSON into the folder of its
// last: launchers mix what ranks print.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend } from '@ma-net/core';
import { launched, openRanks } from '@ma-net/mpi';
import * as tf from '@tensorflow/tfjs-core';

const [what, backend, folder] = process.argv.slice(2);
await startBackend(backend === 'onnx' ? onnx : cpu, backend === 'onnx' ? { threads: 1 } : {});
/** A process that stands alone averages with nobody. */
const alone = {
  rank: 0,
  size: 1,
  mean: async (tensors) => Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, t.clone()])),
  close: () => {},
};
const job = launched(process.env);
const ranks = job === undefined ? alone : openRanks(job);
const { rank, size } = ranks;
const numbers = async (x) => Array.from(await x.data());

const acts = {
  async basics() {
    // Of an odd length, and longer than what is averaged next.
    const sent = await ranks.broadcast(rank === 0 ? new Uint8Array(1001).fill(9) : undefined);
    const means = await ranks.mean({ a: tf.tensor2d([rank, 1, 2, 3], [2, 2]), b: tf.scalar(rank * rank) });
    const bytes = await ranks.broadcast(rank === 0 ? Uint8Array.of(1, 2, 3) : undefined);
    return {
      a: await numbers(means.a),
      shape: means.a.shape,
      b: await numbers(means.b),
      said: await ranks.gather(`rank ${rank} ${'é'.repeat(rank)}`),
      sent: [sent.length, sent[1000]],
      bytes: [...bytes],
      empty: Object.keys(await ranks.mean({})),
      refused: await ranks.mean({ n: tf.scalar(1, 'int32') }).catch(({ code }) => code),
    };
  },
  /** More than one message, in odd lengths. */
  async large() {
    const n = (1 << 24) + 3;
    const { x } = await ranks.mean({ x: tf.fill([n], rank) });
    const values = await x.data();
    const bytes = await ranks.broadcast(rank === 0 ? new Uint8Array((1 << 26) + 5).fill(7) : undefined);
    return { ends: [values[0], values[n - 1]], bytes: [bytes.length, bytes[0], bytes.at(-1)] };
  },
  /** Means of what a graph made: in its own memory where nobody else reads it, and never where somebody does. */
  async computed() {
    const n = 1 << 20;
    const make = (value) => tf.mul(tf.add(tf.fill([n], rank), value), 2);
    const [free, held] = [make(1), make(2)];
    const given = tf.tensor1d(new Float32Array(n).fill(rank));
    const read = tf.mul(held, 1);
    const { a, b, c, d } = await ranks.mean({ a: free, b: held, c: given, d: read });
    const also = tf.sum(tf.slice(read, 0, 2));
    tf.dispose([free, read]);
    const ends = async (x) => {
      const values = await x.data();
      return [values[0], values.at(-1)];
    };
    return {
      means: [await ends(a), await ends(b), await ends(c), await ends(d)],
      own: [await ends(held), await ends(given), ...(await numbers(also))],
    };
  },
  /** d/dx of the mean of the ranks' losses, where each loss is of the mean of all x. */
  async gradient() {
    const x = tf.tensor1d([rank + 1, 2 * rank]);
    const { value, grad } = tf.valueAndGrad((own) =>
      tf.mul(rank + 1, tf.sum(tf.square(ranks.meanInStep(own)))),
    )(x);
    return { value: await numbers(value), grad: await numbers(grad) };
  },
  /** A network with batch normalisation, on this rank's rows of a batch: loss, gradients and statistics, averaged. */
  async syncBatchNorm() {
    const network = defineNetwork('normal', { images: [6, 6, 2] }, (net, { images }) => {
      const a = net.relu(net.batchNorm('bn1', net.conv('a', images, { out: 5, kernel: 3 })));
      return { logits: net.dense('fc', net.globalAveragePool(net.batchNorm('bn2', a)), { out: 3 }) };
    });
    const { params, stats } = network.init(Rng.fromSeed(1));
    const rows = 12 / size;
    const all = tf.tensor4d(Rng.fromSeed(2).normals(12 * 72, 1), [12, 6, 6, 2]);
    const images = tf.slice(all, [rank * rows], [rows]);
    const shared = { size, mean: (x) => ranks.meanInStep(x), syncBatchNorm: true };
    const ctx = { training: true, ...(job === undefined ? {} : { ranks: shared }) };
    const target = tf.slice(tf.tensor2d(Rng.fromSeed(3).normals(36, 1), [12, 3]), [rank * rows], [rows]);
    let next;
    const f = (...values) => {
      const given = Object.fromEntries(Object.keys(params).map((name, i) => [name, values[i]]));
      const { outputs, stats: moved } = network.forward(given, stats, { images }, ctx);
      next = Object.fromEntries(Object.entries(moved).map(([name, t]) => [name, tf.keep(t)]));
      return tf.mean(tf.squaredDifference(outputs.logits, target));
    };
    const { value, grads } = tf.valueAndGrads(f)(Object.values(params));
    const named = Object.fromEntries(Object.keys(params).map((name, i) => [`d ${name}`, grads[i]]));
    const means = await ranks.mean({ loss: value, ...named, ...next });
    const read = await Promise.all(Object.entries(means).map(async ([name, t]) => [name, await numbers(t)]));
    return Object.fromEntries(read);
  },
  async dies() {
    if (rank === 1) process.exit(7);
    await ranks.mean({ x: tf.scalar(1) });
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
};

const result = await acts[what]();
writeFileSync(join(folder, `${rank}.json`), JSON.stringify({ rank, size, result }));
ranks.close();
