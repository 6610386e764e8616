import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import { fit, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { type OpenRun, openRun, runOf } from './open.ts';
import { predictions } from './predictions.ts';
import { decide, describeDecision, describeGroups, prepare } from './prepared-network.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(async () => {
  await startBackend(cpu);
});

interface Trained {
  readonly open: OpenRun;
  readonly state: TrainingState;
  /** What the MA-Net itself, held gates and all, says about every test image. */
  readonly labels: Int32Array;
}

/** A small network, trained for a few mini-batches, in which nobody reads channel 1 of a layer any more. */
async function trained(...changes: string[]): Promise<Trained> {
  const recipe = await changed(
    'network.name=resnet-test',
    'method.select.outputs=false',
    'method.prune.removeModulated=0.5',
    'data.trainLimit=256',
    'batchSize=16',
    'epochs=5',
    'optimizer.learningRate=0.05',
    'method.competition=4',
    'method.mnet.hidden=8',
    'method.mnet.heads=2',
    ...changes,
  );
  const open = await openRun(recipe, installed);
  const state = open.start();
  const { evaluationBatches: _, ...silent } = runOf(open);
  await fit({ ...silent, state, listen: () => undefined });
  if (state.sections['masks'] !== undefined) silence(state, 'layer1.0.conv2.weight', 1);
  const params = open.training.weights(state.sections);
  const labels = await predictions({ network: open.network, params, stats: state.sections.stats }, open);
  tf.dispose(params as tf.TensorContainerObject);
  return { open, state, labels };
}

/** Kills every connection from pre-neuron `channel` of a kernel: one that only this kernel reads. */
function silence(state: TrainingState, kernel: string, channel: number): void {
  const { masks, gates } = state.sections;
  for (const section of [masks, gates]) {
    if (section === undefined) continue;
    const old = section[kernel]!;
    const keep_F1 = tf.tensor2d(Array.from({ length: old.shape[0]! }, (_, i) => [Number(i !== channel)]));
    section[kernel] = tf.mul(old, keep_F1);
    tf.dispose([old, keep_F1]);
  }
}

describe.each([
  ['MA-Net', []],
  ['MA-Net with the soft cut', ['method.cut=soft']],
  ['MA-Net, masks only', ['method.strength=0']],
  ['magnitude pruning', ['method=magnitude']],
])('%s', (_, changes) => {
  let run: Trained;
  beforeAll(async () => {
    run = await trained(...changes);
    expect(run.labels).toHaveLength(500);
    expect(new Set(run.labels).size).toBeGreaterThan(1);
  });

  test.each([true, false])(
    'pruned (dense: %s) it predicts what it predicted, on every test image',
    async (dense) => {
      const { open, state, labels } = run;
      const before = tf.memory().numTensors;
      const decision = await decide(open, state, { dense });
      const network = await prepare(open, state, decision, { again: false, open: async () => open });
      expect(await predictions(network, open)).toEqual(labels);
      const cut = decision.compaction?.cuts.find(({ group }) => group === 'layer1.0.conv1');
      expect(cut).toEqual(dense ? undefined : { group: 'layer1.0.conv1', keep: [0, 2, 3], of: 4 });
      tf.dispose([network.params, network.stats] as tf.TensorContainer);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test('a moved threshold changes what is removed, and leaves no tensor behind', async () => {
    const { open, state } = run;
    const before = tf.memory().numTensors;
    const rule = { mode: 'target', removeModulated: 0.3 } as const;
    const decision = await decide(open, state, { dense: true, rule });
    const { removedParams } = decision.plan!;
    const modulated = open.network.kernels.reduce((sum, k) => sum + k.preNeurons * k.postNeurons * k.area, 0);
    expect(removedParams).toBeLessThanOrEqual(0.3 * modulated);
    expect(removedParams).toBeGreaterThan(0.2 * modulated);
    const network = await prepare(open, state, decision, { again: false, open: async () => open });
    expect(await predictions(network, open)).toHaveLength(500);
    tf.dispose([network.params, network.stats] as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('the description says which channels are cut', async () => {
  const { open, state } = await trained();
  const decision = await decide(open, state, { dense: false });
  expect(describeDecision(open, decision)).toMatch(/layer1\.0\.conv1 +3 +4\n/);
  expect(describeDecision(open, { plan: decision.plan! })).not.toMatch(/MACs/);
  expect(describeGroups(open, decision)).toMatch(
    /layer1\.0\.conv1: 3 of 4 units stay, gone: \d\n  made by +layer1\.0\.conv1\.weight +axis 3/,
  );
  expect(describeGroups(open, decision, 'conv1')).toMatch(/^conv1: /);
  expect(describeGroups(open, { plan: decision.plan! })).toBe('');
});

test('a baseline stays as it is, and refuses a threshold', async () => {
  const { open, state, labels } = await trained('method=plain');
  const decision = await decide(open, state, { dense: false });
  expect(decision).toEqual({});
  const network = await prepare(open, state, decision, { again: false, open: async () => open });
  expect(await predictions(network, open)).toEqual(labels);
  const rule = { mode: 'delta', delta: 1e-3, kappa: 0.5 } as const;
  await expect(decide(open, state, { dense: false, rule })).rejects.toMatchObject({ code: 'prune-refused' });
});
