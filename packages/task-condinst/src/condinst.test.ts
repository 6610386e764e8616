// CondInst as a whole against AdelaiDet's: losses, gradients, statistics, detections.

import { cpu } from '@ma-net/backend-cpu';
import { backpropagate, type Network, readParams, startBackend } from '@ma-net/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  batch,
  expectDetections,
  expectNear,
  narrow,
  numbers,
  oracle,
  STEM,
  theirs,
  weights,
} from '../test/tiny.ts';
import { condInstNetwork, condInstTask } from './index.ts';

beforeAll(() => startBackend(cpu));

const network = condInstNetwork('condinst', [128, 160, 3], narrow).resized(STEM) as unknown as Network;

describe('a training step', () => {
  test('has the losses, gradients and running statistics of the reference', async () => {
    const { params, stats } = weights(network);
    const step = await backpropagate({
      task: condInstTask(network, { instances: 48 }),
      batch: batch(),
      stats,
      ctx: { training: true },
      values: params,
      names: Object.keys(params),
      forward: (given) => ({ params: given, aux: {} }),
    });
    const terms = await readParams(step.terms);
    for (const [name, expected] of Object.entries({
      cls: oracle.losses['loss_fcos_cls']!,
      loc: oracle.losses['loss_fcos_loc']!,
      ctr: oracle.losses['loss_fcos_ctr']!,
      mask: oracle.losses['loss_mask']!,
      loss: oracle.total,
    }))
      expect(Math.abs(terms[name]!.data[0]! / expected - 1)).toBeLessThan(1e-4);
    // The reference leaves the stem and the first stage as they are.
    const trained = Object.entries(step.grads).filter(([name]) => !/body\.(conv1|layer1)/.test(name));
    expect(trained.length).toBeGreaterThan(100);
    for (const [name, grad] of trained)
      expectNear(await grad.data(), numbers(`grad/w/${theirs(name)}`), 1e-3);
    const moved = Object.entries(step.stats).filter(([name]) => name.startsWith('mask_branch'));
    expect(moved).toHaveLength(14);
    for (const [name, value] of moved)
      expectNear(await value.data(), numbers(`after_one_step/${name}`), 1e-4);
  });
});

test('boxes, classes, scores and masks of two images', async () => {
  const { params, stats } = weights(network);
  const task = condInstTask(network);
  const given = batch();
  const { outputs } = network.forward(params, stats, task.inputs(given), { training: false });
  const { images_BHWC: _, ...targets } = given;
  expectDetections(task.decode(await readParams(outputs), await readParams(targets)));
});
