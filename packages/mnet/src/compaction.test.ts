import '../test/backend.ts';
import { countParams, defineNetwork, type Network, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { smallNetwork } from '../test/small.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { applyCompaction, compactMasks } from './compaction.ts';
import { type CompactionPlan, describeCompaction, planCompaction } from './compaction-plan.ts';
import { applyPlan, planOfMasks } from './plan.ts';
import { fullMasks, type HostMasks, type PruneRule } from './thresholds.ts';

const rule: PruneRule = { mode: 'target', removeModulated: 0.5 };
const codeOf = (code: string): unknown => expect.objectContaining({ code });

/** A random network with residual sums, a concatenation and a dense layer on flattened channels. */
function randomNetwork(seed: number): Network {
  const rng = Rng.fromSeed(seed).split('network');
  const width = (): number => 2 + rng.integer(5);
  const [stem, inner, left, right, hidden] = [width(), width(), width(), width(), width()];
  const [bias, projected] = [rng.integer(2) === 1, rng.integer(2) === 1];
  const out = projected ? width() : stem;
  return defineNetwork(`random-${seed}`, [4, 4, 2], (net, images) => {
    const x = net.relu(
      net.batchNorm('bn', net.conv('stem', images, { out: stem, kernel: 3, modulated: false })),
    );
    const a = net.relu(net.batchNorm('a.bn', net.conv('a', x, { out: inner, kernel: 3, bias })));
    const b = net.batchNorm('b.bn', net.conv('b', a, { out, kernel: 3 }));
    const shortcut = projected ? net.conv('shortcut', x, { out, kernel: 1 }) : x;
    const sum = net.relu(net.add(b, shortcut));
    const branches = [
      net.relu(net.conv('left', sum, { out: left, kernel: 1, bias })),
      net.relu(net.batchNorm('right.bn', net.conv('right', sum, { out: right, kernel: 3 }))),
    ];
    const joined = net.maxPool(net.concat([...branches, sum]), { kernel: 2, stride: 2 });
    const h = net.relu(net.dense('hidden', net.flatten(joined), { out: hidden }));
    const g = net.relu(net.dense('hidden2', h, { out: hidden + 1 }));
    return net.dense('fc', g, { out: 3, modulated: false });
  });
}

/** Masks in which some pre-neurons are unread altogether. */
function randomMasks(network: Network, seed: number): Record<string, Uint8Array> {
  const rng = Rng.fromSeed(seed).split('masks');
  return Object.fromEntries(
    network.kernels.map(({ param, preNeurons, postNeurons }) => {
      const unread = rng.uniforms(preNeurons, 0, 1).map((x) => Number(x < 0.6));
      return [
        param,
        Uint8Array.from({ length: preNeurons * postNeurons }, (_, n) =>
          Number(unread[Math.floor(n / postNeurons)] === 0 && rng.uniform() < 0.7),
        ),
      ];
    }),
  );
}

/** Weights and statistics that are nowhere trivial. */
function lived(network: Network, seed: number): { params: Params; stats: Params } {
  const rng = Rng.fromSeed(seed).split('weights');
  const noise = (tensors: Params, low: number, high: number): Params =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [
        name,
        tf.add(t, tf.tensor(rng.split(name).uniforms(t.size, low, high), t.shape)),
      ]),
    );
  const { params, stats } = network.init(rng);
  return { params: noise(params, -0.3, 0.3), stats: noise(stats, 0, 0.5) };
}

function logitsOf(network: Network, { params, stats }: { params: Params; stats: Params }): tf.Tensor {
  const [height, width, channels] = network.inputShape;
  const images = tf.tensor(Rng.fromSeed(3).normals(3 * height * width * channels, 1), [
    3,
    ...network.inputShape,
  ]);
  return network.forward(params, stats, images as tf.Tensor4D, { training: false }).logits;
}

describe('compaction', () => {
  test.each(Array.from({ length: 24 }, (_, i) => i + 1))('changes no output (random network %i)', (seed) => {
    const network = randomNetwork(seed);
    const masks = randomMasks(network, seed);
    const { params, stats } = lived(network, seed);
    const pruned = applyPlan(params, planOfMasks(network, masks, rule));
    const plan = planCompaction(network, masks);
    const compacted = applyCompaction(network, pruned, stats, plan);
    expectClose(logitsOf(compacted.network, compacted), logitsOf(network, { params: pruned, stats }));

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

  test('the random networks do get smaller', () => {
    const removed = Array.from({ length: 24 }, (_, i) => {
      const network = randomNetwork(i + 1);
      return planCompaction(network, randomMasks(network, i + 1));
    });
    expect(removed.filter((plan) => plan.removedParams > 0).length).toBeGreaterThan(12);
    expect(removed.some((plan) => plan.cuts.length > 2)).toBe(true);
  });

  /** Kills every connection from the given pre-neurons. */
  const without = (
    param: string,
    pres: readonly number[],
    masks: HostMasks = fullMasks(smallNetwork.kernels),
  ): HostMasks => {
    const { postNeurons } = smallNetwork.kernels.find((k) => k.param === param)!;
    const mask = masks[param]!.slice();
    for (const i of pres) mask.fill(0, i * postNeurons, (i + 1) * postNeurons);
    return { ...masks, [param]: mask };
  };

  test('removes a channel, its normalisation, and the kernels on both sides', () => {
    // conv2 reads inner channels 1 and 4 no more: conv1 5x2, conv2 2x5 slices of 9, and 2 pairs of bn1 go.
    const plan = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    expect(plan.cuts).toEqual([{ group: 'conv1', keep: [0, 2, 3, 5, 6], of: 7 }]);
    expect(plan.removedParams).toBe(2 * 5 * 9 * 2 + 2 * 2);
    expect(plan.removedMacs).toBe(2 * 5 * 9 * 2 * 36);
  });

  test('a channel that others still read stays', () => {
    // The stem's channel 3 is read by conv1, and through the sum by the dense layer.
    expect(planCompaction(smallNetwork, without('conv1.weight', [3])).cuts).toEqual([]);
    const both = without('hidden.weight', [3], without('conv1.weight', [3]));
    expect(planCompaction(smallNetwork, both).cuts).toEqual([{ group: 'stem', keep: [0, 1, 2, 4], of: 5 }]);
  });

  test('what only removed channels read goes with them', () => {
    const chain = defineNetwork('chain', [2, 2, 1], (net, images) => {
      const a = net.conv('a', images, { out: 3, kernel: 1, modulated: false });
      const b = net.conv('b', a, { out: 3, kernel: 1 });
      const c = net.conv('c', b, { out: 3, kernel: 1 });
      return net.dense('fc', net.globalAveragePool(c), { out: 2, modulated: false });
    });
    // a0 feeds b1 only, and nobody reads b1.
    const masks = {
      'b.weight': Uint8Array.of(0, 1, 0, 1, 1, 1, 1, 1, 1),
      'c.weight': Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 1, 1),
    };
    expect(planCompaction(chain, masks).cuts).toEqual([
      { group: 'a', keep: [1, 2], of: 3 },
      { group: 'b', keep: [0, 2], of: 3 },
    ]);
  });

  test('never empties a group', () => {
    const plan = planCompaction(smallNetwork, without('conv2.weight', [0, 1, 2, 3, 4, 5, 6]));
    expect(plan.cuts).toEqual([{ group: 'conv1', keep: [6], of: 7 }]);
  });

  test('is printed', () => {
    const plan = planCompaction(smallNetwork, without('conv2.weight', [1, 4]));
    const text = describeCompaction(smallNetwork, plan);
    expect(text).toMatch(/conv1 +5 +7/);
    expect(text).toContain(`1 group cut, ${smallNetwork.groups.length - 1} kept whole`);
    expect(text).toContain(`${plan.totalParams} -> ${plan.totalParams - plan.removedParams}`);
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
      ['a channel the classifier reads', cut('hidden', [0, 1], 6), 'prune-refused'],
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

    test('tensors of another network', () => {
      const { 'bn1.weight': _, ...missing } = params;
      expectNoLeak(() => {
        expect(() => applyCompaction(smallNetwork, missing, stats, planned)).toThrowError(
          codeOf('network-mismatch'),
        );
      });
      expect(() => planCompaction(smallNetwork, {})).toThrowError(codeOf('network-mismatch'));
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
