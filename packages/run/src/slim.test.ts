// A method that trains another network than the recipe's: what it trains is what is saved.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { slim } from '@ma-net/baselines';
import { cpu } from '@ma-net/backend-cpu';
import { type Params, Rng, startBackend } from '@ma-net/core';
import { loadNetwork, saveNetwork } from '@ma-net/export/node';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { disposeState, fit, initialState, openMethod } from '@ma-net/trainer';
import type * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { randomImages, smallOptions, smallSource, smallTask } from '../test/small-task.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

test.each(tnetNames.filter((name) => name.endsWith('-test')))(
  '%s, slim, trains a step and is saved',
  async (name) => {
    const network = await createTNet(name, { numClasses: 5 });
    const given = smallTask(network);
    const source = smallSource(network, 1);
    const options = smallOptions(1);
    const method = slim({ prune: { ...NEURON_LEVEL, remove: 0.3 } });
    const { task, training } = openMethod(method, given, source, options);
    const state = initialState(task, training, options.seed);
    await fit({ task, training, options, source, state, listen: () => undefined });

    const { stats } = state.sections;
    const params = training.weights(state.sections);
    const path = join(mkdtempSync(join(tmpdir(), 'ma-net-slim-')), 'slim.safetensors');
    await saveNetwork(
      path,
      { network: task.network, params, stats },
      {
        network: { use: '@ma-net/tnet#zoo', name },
        classNames: ['a', 'b', 'c', 'd', 'e'],
        shapes: { images: [...network.inputs[0]!.shape] },
        input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
      },
    );
    const read = await loadNetwork(path);
    const logits = (net: typeof network, w: Params, s: Params): tf.Tensor =>
      net.forward(w, s, { images: randomImages(network, 2, 3) }, { training: false }).outputs.logits;
    const before = logits(task.network as typeof network, params, stats);
    const after = logits(read.network as typeof network, read.params, read.stats);
    expect(await after.data()).toEqual(await before.data());
    const numbers = (all: Params): number => Object.values(all).reduce((sum, { size }) => sum + size, 0);
    const full = network.init(Rng.fromSeed(0)).params;
    expect(numbers(read.params)).toBeLessThanOrEqual(0.7 * numbers(full));
    disposeState(state);
  },
);
