// Compaction of every family: what is left computes what the masked network computed, and is what was counted.

import { cpu } from '@ma-net/backend-cpu';
import { countParams, type Network, type Params, startBackend } from '@ma-net/core';
import { applyCompaction, applyPlan, type CompactionPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { imagesFor, moved, randomMasks, variants } from './variants.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const seeds = [1, 2, 3, 4, 5];

/** What random masks allow to cut, by the kind of channels it is. */
const cutsOf: Readonly<Record<string, readonly RegExp[]>> = {
  'resnet-test': [/^conv1$/, /layer1\.0\.conv1/],
  'resnet-bottleneck-test': [/layer2\.0\.conv[12]$/, /layer1\.0\.conv3|layer1\.0\.downsample/],
  'wide-resnet-test': [/^conv1$/, /layer2\.0\.conv1/, /layer1\.0\.conv2/],
  'densenet-test': [/denseblock1\.denselayer1\.conv1/, /denseblock1\.denselayer1\.conv2/, /conv0$/],
  'densenet-imagenet-test': [/conv0/, /denseblock1\.denselayer2\.conv2/],
  'msdnet-test': [/^stem\.0\.conv$/, /normal\.1\.conv$/, /^exits\.0\.0\.conv$/],
  'vit-test': [/self_attention\.q$/, /mlp\.0$/],
  'swin-test': [/attn\.q$/, /mlp\.0$/],
};

describe.each(variants)('%s', (name) => {
  test('compacted output = masked output, parameters counted = stored', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const cut = new Set<string>();
    for (const seed of seeds) {
      const { plan, pruned, stats } = masked(network, seed);
      const compacted = applyCompaction(network, pruned, stats, plan);
      const images = imagesFor(network, 2, seed);
      await expectSame(
        compacted.network.forward(compacted.params, compacted.stats, { images }, { training: false }).outputs[
          'logits'
        ]!,
        network.forward(pruned, stats, { images }, { training: false }).outputs['logits']!,
      );
      expect(countParams(compacted.params)).toBe(plan.totalParams - plan.removedParams);
      expect(plan.removedMacs).toBeGreaterThan(0);
      for (const { group } of plan.cuts) cut.add(group);
    }
    for (const kind of cutsOf[name] ?? [])
      expect(
        [...cut].some((group) => kind.test(group)),
        String(kind),
      ).toBe(true);
  });

  test('a plan that leaves nothing of a group is refused before anything is cut', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const { plan, pruned, stats } = masked(network, 1);
    const impossible = { ...plan, cuts: plan.cuts.map((cut, i) => (i === 0 ? { ...cut, keep: [] } : cut)) };
    const before = tf.memory().numTensors;
    expect(() => applyCompaction(network, pruned, stats, impossible)).toThrow(/removes all \d+ channels/);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('masks without a living connection are refused, group by group', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const dead = Object.fromEntries(
      network.kernels.map((k) => [k.param, new Uint8Array(k.preNeurons * k.postNeurons)]),
    );
    const before = tf.memory().numTensors;
    expect(() => planCompaction(network, dead)).toThrow(/Nothing would be left of \d+ coupling groups?/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

function masked(
  network: Network,
  seed: number,
): { readonly plan: CompactionPlan; readonly pruned: Params; readonly stats: Params } {
  const masks = randomMasks(network, seed);
  const { params, stats } = moved(network, seed);
  const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 }));
  return { plan: planCompaction(network, masks), pruned, stats };
}

/** Within 1e-5 of the largest number. */
async function expectSame(actual: tf.Tensor, expected: tf.Tensor): Promise<void> {
  const [a, e] = [await actual.data(), await expected.data()];
  const scale = Math.max(1, ...Array.from(e, Math.abs));
  expect(Math.max(...Array.from(a, (v, i) => Math.abs(v - e[i]!)))).toBeLessThanOrEqual(1e-5 * scale);
}
