// Everything that reads a file which may come from anywhere, with a whole file for each.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  type Network,
  type Params,
  parseJson,
  readParams,
  Rng,
} from '@ma-net/core';
import { readCifar10 } from '@ma-net/data/node';
import { loadNetwork, saveNetwork } from '@ma-net/export/node';
import { planOfMasks } from '@ma-net/mnet';
import { findRecipe, ourParts as installed } from '@ma-net/recipes';
import { override, parseRecipe } from '@ma-net/run';
import {
  createRunDirectory,
  knownOf,
  openRun,
  openRunDirectory,
  openSavedRun,
  requireCheckpoint,
  splitsOf,
} from '@ma-net/run/node';
import { createTNet, toPyTorch, withWeights } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import { disposeState, encodeCheckpoint } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { damaged, forged } from './mutate.ts';
import { damagedSafetensors } from './safetensors.ts';

export interface Reader {
  readonly name: string;
  /** A file that is not whole. */
  damage(rng: Rng): Uint8Array;
  /**
   * Reads it. Returns what was wrongly believed, in words: numbers other than those that were written, from a file that
   * says it is as it was written.
   */
  read(bytes: Uint8Array): Promise<string | undefined> | string | undefined;
}

/** All readers; `close` removes what they write to. */
export async function makeReaders(): Promise<{
  readonly readers: readonly Reader[];
  readonly close: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'ma-net-fuzz-'));
  const readers = [
    safetensors(),
    await weights(),
    await checkpoint(folder),
    await exported(folder),
    recipe(),
    ...(await run(folder)),
    ...(await cifar(folder)),
  ];
  return { readers, close: () => rm(folder, { recursive: true }) };
}

const sums = (tensors: Readonly<Record<string, HostTensor>>): string =>
  Object.entries(tensors)
    .map(
      ([name, { shape, data }]) =>
        `${name} ${shape.join()} ${new Uint8Array(data.buffer, data.byteOffset, data.byteLength).join()}`,
    )
    .toSorted()
    .join('\n');

function safetensors(): Reader {
  const tensors = {
    a: { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    b: { shape: [3], dtype: 'int32', data: Int32Array.of(7, 8, 9) },
  } as const;
  const whole = encodeSafetensors(tensors, { step: '12', note: '{"x": [1, 2]}' });
  return {
    name: 'safetensors',
    // Only by accident here: who writes the right digests may say what he likes.
    damage: (rng) => damaged(whole, rng),
    read(bytes) {
      const { tensors: read, metadata, verified } = decodeSafetensors(bytes);
      if (!verified) return undefined;
      const believed =
        sums(read) !== sums(tensors) ||
        JSON.stringify(metadata) !== JSON.stringify({ step: '12', note: '{"x": [1, 2]}' });
      return believed ? 'other numbers than those that were written' : undefined;
    },
  };
}

/** A tensor that the network cannot compute with. */
function misfit({ parameters, statistics }: Network, tensors: Params): string | undefined {
  const wrong = [...parameters, ...statistics].find(
    ({ name, shape }) => tensors[name]?.dtype !== 'float32' || tensors[name].shape.join() !== shape.join(),
  );
  return wrong === undefined ? undefined : `"${wrong.name}" of another shape or type`;
}

async function weights(): Promise<Reader> {
  const network = await createTNet('densenet-test', { numClasses: 3 });
  const { params, stats } = network.init(Rng.fromSeed(1));
  const whole = encodeSafetensors(toPyTorch(network, await readParams({ ...params, ...stats })));
  tf.dispose([params, stats] as tf.TensorContainer);
  return {
    name: 'weights',
    damage: (rng) => damagedSafetensors(whole, rng),
    read(bytes) {
      const made = withWeights(network, decodeSafetensors(bytes).tensors).network.init(Rng.fromSeed(2));
      const wrong = misfit(network, { ...made.params, ...made.stats });
      tf.dispose([made.params, made.stats] as tf.TensorContainer);
      return wrong;
    },
  };
}

const CHANGES = [
  'network.name=resnet-test',
  'data.trainLimit=20',
  'data.validation=0',
  'data.testLimit=20',
  'batchSize=10',
  'method.mnet.hidden=8',
  'method.mnet.heads=2',
];
const small = await override(findRecipe('digits'), CHANGES, installed);

async function checkpoint(folder: string): Promise<Reader> {
  const path = join(folder, 'trained');
  const open = await openRun(small, installed);
  const directory = await createRunDirectory(path, small, {
    data: splitsOf(open.data),
    known: knownOf(open),
  });
  const state = open.start();
  const whole = await encodeCheckpoint(state, open.source, open.network);
  await directory.saveCheckpoint(whole);
  disposeState(state);
  directory.close();
  const run = await openSavedRun(path, installed);
  return {
    name: 'checkpoint',
    damage: (rng) => damagedSafetensors(whole, rng),
    async read(bytes) {
      await writeFile(join(path, 'checkpoint.safetensors'), bytes);
      const { state: read, source } = requireCheckpoint(run);
      try {
        open.source.restore(source);
        // What is accepted is a state: writing it gives what was read.
        const again = await encodeCheckpoint(read, open.source, open.network);
        const isSame = sums(decodeSafetensors(bytes).tensors) === sums(decodeSafetensors(again).tensors);
        const { params, stats } = read.sections;
        return isSame
          ? misfit(open.network, { ...params, ...stats })
          : 'a state that is not the one in the file';
      } finally {
        disposeState(read);
      }
    },
  };
}

async function exported(folder: string): Promise<Reader> {
  const path = join(folder, 'network.safetensors');
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const made = network.init(Rng.fromSeed(1));
  const masks = Object.fromEntries(
    network.kernels.map((k) => [
      k.param,
      Uint8Array.from({ length: k.preNeurons * k.postNeurons }, (_, i) => i % 2),
    ]),
  );
  const plan = planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 });
  const facts = { classNames: ['a', 'b', 'c'], input: { mean: [0.5, 0.5, 0.5], std: [1, 1, 1], white: 255 } };
  await saveNetwork(
    path,
    { network, ...made },
    { network: zoo({ name: 'resnet-test' }), shapes: {}, ...facts, plan },
  );
  const whole = new Uint8Array(await readFile(path));
  return {
    name: 'exported',
    damage: (rng) => damagedSafetensors(whole, rng),
    async read(bytes) {
      await writeFile(path, bytes);
      const { network: read, params, stats } = await loadNetwork(path);
      const wrong = misfit(read, { ...params, ...stats });
      tf.dispose([params, stats] as tf.TensorContainer);
      return wrong;
    },
  };
}

function recipe(): Reader {
  const text = JSON.stringify(findRecipe('digits'), null, 2);
  return {
    name: 'recipe',
    damage: (rng) => textDamage(text, rng),
    async read(bytes) {
      const options = { what: 'The recipe', where: 'my.json', code: 'bad-recipe', hint: 'mend it.' } as const;
      const value = parseJson(bytes, options);
      const read = await parseRecipe(value, 'my.json', installed);
      const again = await parseRecipe(JSON.parse(JSON.stringify(read)), 'x', installed);
      return JSON.stringify(again) === JSON.stringify(read)
        ? undefined
        : 'a recipe that is another one when it is written';
    },
  };
}

function textDamage(text: string, rng: Rng): Uint8Array {
  const bytes = new TextEncoder().encode(rng.integer(2) === 0 ? forged(text, rng) : text);
  return rng.integer(2) === 0 ? damaged(bytes, rng) : bytes;
}

async function run(folder: string): Promise<Reader[]> {
  const path = join(folder, 'run');
  await mkdir(path);
  const steps = [1, 2, 3].map((step) => ({ type: 'step', step, loss: 1 / step, learningRate: 0.1 }));
  const files = {
    'recipe.json': JSON.stringify(small, null, 2),
    'run.json': JSON.stringify(
      { seed: 0, method: 'ma-net', backend: 'cpu', data: {}, recipe: small },
      null,
      2,
    ),
    'metrics.jsonl': steps.map((line) => `${JSON.stringify(line)}\n`).join(''),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return Object.entries(files).map(([name, text]) => ({
    name: `run/${name}`,
    damage: (rng: Rng) => textDamage(text, rng),
    async read(bytes: Uint8Array) {
      await writeFile(join(path, name), bytes);
      try {
        const directory = openRunDirectory(path);
        const lines = directory.metrics();
        await parseRecipe(directory.recipe, path, installed);
        return lines.every(({ step, type }) => Number.isSafeInteger(step) && typeof type === 'string')
          ? undefined
          : 'a line of metrics that is none';
      } finally {
        await writeFile(join(path, name), text);
      }
    },
  }));
}

async function cifar(folder: string): Promise<Reader[]> {
  const path = join(folder, 'cifar');
  await mkdir(path);
  const rng = Rng.fromSeed(4);
  const batch = Uint8Array.from({ length: 3 * 3073 }, (_, i) =>
    i % 3073 === 0 ? rng.integer(10) : rng.integer(256),
  );
  const names = 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n';
  const files = {
    'data_batch_1.bin': batch,
    'test_batch.bin': batch,
    'batches.meta.txt': new TextEncoder().encode(names),
  };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(path, name), bytes);
  return Object.entries(files).map(([name, whole]) => ({
    name: `cifar10/${name}`,
    damage: (random: Rng) => damaged(whole, random),
    async read(bytes: Uint8Array) {
      await writeFile(join(path, name), bytes);
      try {
        const { train, test } = await readCifar10(path);
        const classes = train.classNames.length;
        const labels = [...train.labels, ...test.labels];
        return labels.every((label) => label >= 0 && label < classes)
          ? undefined
          : 'a label that is no class';
      } finally {
        await writeFile(join(path, name), whole);
      }
    },
  }));
}
