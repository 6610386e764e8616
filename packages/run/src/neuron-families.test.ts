// Neuron level on every family of the zoo: what goes is what was planned, and what is left computes what the masked
// network computed (docs/neuron-level.md, invariant 4).

import { cpu } from '@ma-net/backend-cpu';
import { countParams, type Network, type Params, startBackend } from '@ma-net/core';
import { maNet } from '@ma-net/method-ma-net';
import {
  applyCompaction,
  decideOn,
  livingUnits,
  measured,
  NEURON_LEVEL,
  parameterMeasure,
  planCompaction,
  type PruneRule,
  unitsOfMasks,
} from '@ma-net/mnet';
import { type AttentionChoice, createTNet, tnetNames } from '@ma-net/tnet';
import { disposeState, fit, initialState, openMethod } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomImages, smallOptions, smallSource, smallTask } from '../test/small-task.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const floor = { part: 0, units: 1 };
const half = { ...NEURON_LEVEL, floor };
/** What can go in each family, by the names of its coupling groups, whatever the scores are. */
const PARTS: Readonly<Record<string, readonly RegExp[]>> = {
  'resnet-test': [/^conv1$/, /^layer1\.0\.conv1$/, /^layer2\.0\.conv2$/],
  'resnet-bottleneck-test': [/^conv1$/, /^layer1\.0\.conv2$/, /^layer2\.0\.conv3$/],
  'wide-resnet-test': [/^conv1$/, /^layer3\.0\.conv1$/, /^layer3\.0\.conv2$/],
  'densenet-test': [/conv0$/, /denselayer1\.conv2$/, /denselayer2\.conv1$/, /transition1\.conv$/],
  'densenet-imagenet-test': [/conv0$/, /denselayer1\.conv2$/, /denselayer2\.conv1$/, /transition1\.conv$/],
  'msdnet-test': [/^stem\.0\.conv$/, /normal\.1\.conv$/, /down\.0\.conv$/, /^exits\.0\.0\.conv$/],
  'vit-test': [/self_attention\.q$/, /mlp\.0$/],
  'swin-test': [/^features\.1\.1\.attn\.q$/, /^features\.3\.0\.attn\.q$/, /mlp\.0$/],
};
const families = tnetNames.filter((name) => name.endsWith('-test'));

test('every family is here', () => expect(Object.keys(PARTS).sort()).toEqual([...families].sort()));

interface Case {
  readonly title: string;
  readonly name: string;
  readonly parts: readonly RegExp[];
  readonly attention?: AttentionChoice;
}

/** Attention in residual blocks: its squeezed channels, and its heads. */
const attentive = (['se', 'spse', 'rgse', 'self-attentive-pooling'] as const).map((kind): Case => {
  const pools = kind === 'self-attentive-pooling';
  return {
    title: `resnet-test with ${kind}`,
    name: 'resnet-test',
    parts: [...PARTS['resnet-test']!, pools ? /pool\.q$/ : /se\.fc1$/],
    attention: pools ? { kind } : { kind, reduction: 2 },
  };
});
const cases: readonly Case[] = [
  ...families.map((name): Case => ({ title: name, name, parts: PARTS[name]! })),
  ...attentive,
];

/** A network after a few mini-batches in which half of it died. */
async function trained(network: Network) {
  const method = maNet({
    select: { outputs: true },
    prune: half,
    plainRounds: 1,
    astrocyteIterations: 1,
    maskEvery: 'iteration',
    refresh: 1,
    ramp: 0.3,
    mnet: { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 },
  });
  const options = smallOptions(12);
  const { task, training } = openMethod(method, smallTask(network), { batchesPerEpoch: 1 }, options);
  const state = initialState(task, training, options.seed);
  const source = smallSource(network, 1);
  await fit({ task, training, options, source, state, listen: () => undefined });
  return { training, state };
}

/** What is left by the rule of the training, or by another, and how far it is from what the masked network computes. */
async function left(
  network: Network,
  { training, state }: Awaited<ReturnType<typeof trained>>,
  rule?: PruneRule,
) {
  const { stats } = state.sections;
  const { masks, weights } = (await training.removal!(state.sections, rule))!;
  const folded = weights();
  const masked = rule === undefined ? training.weights(state.sections) : folded;
  const plan = planCompaction(network, masks);
  const small = applyCompaction(network, folded, stats, plan);
  const outputs = (net: Network, w: Params, s: Params): tf.Tensor =>
    net.forward(w, s, { images: randomImages(network, 4, 1) }, { training: false }).outputs['logits']!;
  const before = outputs(network, masked, stats);
  const apart = tf.max(tf.abs(tf.sub(before, outputs(small.network, small.params, small.stats))));
  const [[difference], [size]] = await Promise.all([apart.data(), tf.max(tf.abs(before)).data()]);
  const { groups } = decideOn(network);
  const alive = livingUnits(unitsOfMasks(groups, masks));
  return {
    masks,
    stored: countParams(small.params),
    planned: plan.totalParams - plan.removedParams,
    total: plan.totalParams,
    alive,
    ofUnits: measured(parameterMeasure(network, groups), alive),
    difference: difference! / size!,
  };
}

describe.each(cases)('$title', ({ name, parts, ...choice }) => {
  let network: Network;
  let run: Awaited<ReturnType<typeof trained>>;
  beforeAll(async () => {
    network = await createTNet(name, {
      numClasses: 5,
      ...(choice.attention === undefined ? {} : { attention: choice.attention }),
    });
    run = await trained(network);
    return () => disposeState(run.state);
  });

  test('loses half of what it stores in whole units, and no more than was planned', async () => {
    const { stored, planned, ofUnits, total, difference } = await left(network, run);
    expect([stored, planned]).toEqual([ofUnits, ofUnits]);
    expect(stored).toBeLessThanOrEqual(0.5 * total);
    expect(difference).toBeLessThan(1e-5);
  });

  test('loses units of every kind of group where all must', async () => {
    const { groups } = decideOn(network);
    // Every score is below the threshold: one unit stays in each group.
    const rule = { unit: 'neuron', mode: 'delta', delta: 1, kappa: 1, floor } as const;
    const { alive, stored, ofUnits, difference } = await left(network, run, rule);
    for (const part of parts) {
      const gone = groups.flatMap(({ id, units }, g) => (part.test(id) ? [units - alive[g]!] : []));
      expect(Math.max(...gone), `${part}`).toBeGreaterThan(0);
    }
    expect(stored).toBe(ofUnits);
    expect(difference).toBeLessThan(1e-5);
  });

  test('loses connections inside the living units as well', async () => {
    const rule = { ...half, unit: 'both', remove: 0.3, removeModulated: 0.4 } as const;
    const { masks, stored, planned, ofUnits, total, difference } = await left(network, run, rule);
    expect(stored).toBe(planned);
    expect(stored).toBeLessThanOrEqual(ofUnits);
    expect(ofUnits).toBeLessThanOrEqual(0.7 * total);
    expect(difference).toBeLessThan(1e-5);
    const rows = network.kernels.flatMap(({ param, preNeurons, postNeurons }) => {
      const mask = masks[param] ?? new Uint8Array();
      return Array.from({ length: preNeurons }, (_, i) =>
        mask.subarray(i * postNeurons, (i + 1) * postNeurons),
      );
    });
    expect(rows.some((row) => row.includes(0) && row.includes(1))).toBe(true);
  });
});
