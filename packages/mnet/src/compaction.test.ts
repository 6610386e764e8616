import '../test/backend.ts';
import { countParams, type Network, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  lived,
  randomMasks,
  randomNetwork,
  randomPyramid,
  randomReach,
  randomTransformer,
} from '../test/random-network.ts';
import { smallNetwork, without } from '../test/small.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { applyCompaction, compactMasks } from './compaction.ts';
import { type CompactionPlan, planCompaction } from './compaction-plan.ts';
import { applyPlan, planOfMasks } from './plan.ts';
import type { PruneRule } from './prune-rule.ts';

const rule: PruneRule = { mode: 'target', removeModulated: 0.5 };
const codeOf = (code: string): unknown => expect.objectContaining({ code });

function outputsOf(network: Network, { params, stats }: { params: Params; stats: Params }): tf.Tensor[] {
  const shape = [3, ...network.inputs[0]!.shape];
  const images = tf.tensor(
    Rng.fromSeed(3).normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
  return Object.values(network.forward(params, stats, { images }, { training: false }).outputs);
}

const kinds = [randomNetwork, randomPyramid, randomTransformer, randomReach];

describe('applyCompaction', () => {
  test.each(Array.from({ length: 48 }, (_, i) => i + 1))('changes no output (random network %i)', (seed) => {
    const network = kinds[seed % 4]!(seed);
    const masks = randomMasks(network, seed);
    const { params, stats } = lived(network, seed);
    const pruned = applyPlan(params, planOfMasks(network, masks, rule));
    const plan = planCompaction(network, masks);
    const compacted = applyCompaction(network, pruned, stats, plan);
    const expected = outputsOf(network, { params: pruned, stats });
    outputsOf(compacted.network, compacted).forEach((found, i) => expectClose(found, expected[i]!));

    // Counted = declared = stored.
    expect(countParams(compacted.params)).toBe(plan.totalParams - plan.removedParams);
    const declared = compacted.network.parameters.map(({ name, shape }) => [name, shape]);
    const stored = Object.entries(compacted.params).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(declared));
    for (const { name, shape } of compacted.network.statistics)
      expect(compacted.stats[name]!.shape).toEqual(shape);

    // A fixpoint: what is left has nothing more to remove.
    const left = compactMasks(network, masks, plan);
    expect(planCompaction(compacted.network, left).cuts).toEqual([]);
    const again = applyPlan(compacted.params, planOfMasks(compacted.network, left, rule));
    for (const [name, t] of Object.entries(again))
      expectClose(t, compacted.params[name]!, { atol: 0, rtol: 0 });
  });

  describe('refuses', () => {
    const { params, stats } = smallNetwork.init(Rng.fromSeed(1));
    const planned = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    const cut = (group: string, keep: number[], of: number): CompactionPlan => ({
      ...planned,
      cuts: [{ group, keep, of }],
    });
    test.each([
      ['an empty group', cut('conv1', [], 7), 'prune-refused'],
      ['the logits', cut('fc', [0, 1], 3), 'prune-refused'],
      ['channels out of range', cut('conv1', [0, 9], 7), 'prune-refused'],
      ['channels out of order', cut('conv1', [2, 1], 7), 'prune-refused'],
      ['an unknown group', cut('conv9', [0], 7), 'network-mismatch'],
      ['another width', cut('conv1', [0], 8), 'network-mismatch'],
    ] as const)('%s', (_, plan, code) => {
      expectNoLeak(() => {
        expect(() => applyCompaction(smallNetwork, params, stats, plan)).toThrowError(codeOf(code));
      });
    });

    test('an output of the network, by its name', () => {
      expect(() => applyCompaction(smallNetwork, params, stats, cut('fc', [0, 1], 3))).toThrow(
        /cannot be removed: they are read by the output "logits"/,
      );
    });

    test('tensors of another network', () => {
      const { 'bn1.weight': _, ...missing } = params;
      expectNoLeak(() => {
        expect(() => applyCompaction(smallNetwork, missing, stats, planned)).toThrowError(
          codeOf('network-mismatch'),
        );
      });
    });
  });

  test('leaves nothing behind', () => {
    const { params, stats } = smallNetwork.init(Rng.fromSeed(1));
    const plan = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    expectNoLeak(() => {
      const compacted = applyCompaction(smallNetwork, params, stats, plan);
      return [compacted.params, compacted.stats] as tf.TensorContainer;
    });
  });
});
