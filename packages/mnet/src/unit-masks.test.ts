import '../test/backend.ts';
import { countParams, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { groups, images, kernels, network, oracle, scoresOf, weights } from '../test/neuron-level.ts';
import { lived, randomNetwork, randomTransformer } from '../test/random-network.ts';
import { expectClose } from '../test/tensors.ts';
import { applyCompaction } from './compaction.ts';
import { planCompaction } from './compaction-plan.ts';
import { gatesOf, modulate } from './gates.ts';
import { applyPlan, planOfMasks } from './plan.ts';
import { livingUnits, unitGroups } from './unit-groups.ts';
import { masksOfUnits, unitsOfMasks } from './unit-masks.ts';
import { planUnits } from './unit-plan.ts';
import { macMeasure, measured, parameterMeasure } from './unit-size.ts';

const rule = { mode: 'target', removeModulated: 0.5 } as const;
const evaluating = { training: false } as const;

describe('gates, outputs and compaction against another implementation', () => {
  const { forward } = oracle;
  const { params, stats } = weights();
  const units = oracle.cases[forward.masks]!.masks.map((mask) => Uint8Array.from(mask));
  const masks = masksOfUnits(groups, kernels, units);
  const q = scoresOf(forward.q);
  const tensors = Object.fromEntries(
    kernels.map((k) => [k.param, tf.tensor2d(q[k.param]!, [k.preNeurons, k.postNeurons])]),
  );
  const held = Object.fromEntries(
    kernels.map((k) => [
      k.param,
      tf.tensor2d(Float32Array.from(masks[k.param]!), [k.preNeurons, k.postNeurons]),
    ]),
  );
  const gates = gatesOf(tensors, held, {
    strength: 1,
    cut: 'hard',
    thresholds: kernels.map(() => tf.scalar(0)),
    straightThrough: false,
  });
  const close = (found: tf.Tensor, expected: unknown): void =>
    expectClose(found, tf.tensor(expected as number[][]));

  test('the plain network', () => {
    close(network.forward(params, stats, { images: images() }, evaluating).outputs['logits']!, forward.plain);
  });

  test('gates are q times the mask of the pre-neuron', () => {
    oracle.modulated.forEach((name, l) => close(gates[`${name}.weight`]!, forward.gates[l]));
  });

  test('the gated network, pruned and compacted', () => {
    const gated = { ...params, ...modulate(params, gates, kernels, 'constant-kernel') };
    close(network.forward(gated, stats, { images: images() }, evaluating).outputs['logits']!, forward.output);

    const pruned = applyPlan(params, planOfMasks(network, masks, rule), gates);
    const plan = planCompaction(network, masks);
    const compacted = applyCompaction(network, pruned, stats, plan);
    const small = compacted.network.forward(
      compacted.params,
      compacted.stats,
      { images: images() },
      evaluating,
    );
    close(small.outputs['logits']!, forward.compactOutput);
    expect(livingUnits(units)).toEqual(forward.compactAlive);
    expect(countParams(compacted.params)).toBe(oracle.cases[forward.masks]!.params);
    expect(plan.totalMacs - plan.removedMacs).toBe(oracle.cases[forward.masks]!.macs);
  });
});

describe.each(Array.from({ length: 24 }, (_, i) => i + 1))('random network %i', (seed) => {
  const random = seed % 3 === 0 ? randomTransformer(seed) : randomNetwork(seed);
  const found = unitGroups(random, random.kernels);
  const rng = Rng.fromSeed(seed).split('units');
  const scores = found.map(({ units }) => Float64Array.from(rng.uniforms(units, 0, 2)));
  const measures = [parameterMeasure(random, found)];
  const plan = planUnits(found, scores, { measures, remove: 0.3, beta: 0, floor: { part: 0.1, units: 1 } });
  const masks = masksOfUnits(found, random.kernels, plan.masks);

  test('masks of units and of connections say the same', () => {
    expect(unitsOfMasks(found, masks)).toEqual(plan.masks);
  });

  test('compaction removes exactly the planned units, and the sizes are those foretold', () => {
    const cuts = new Map(planCompaction(random, masks).cuts.map((cut) => [cut.group, cut.keep]));
    found.forEach(({ id, units }, g) => {
      const kept = Array.from({ length: units }, (_, unit) => unit).filter((u) => plan.masks[g]![u] === 1);
      expect(cuts.get(id) ?? Array.from({ length: units }, (_, unit) => unit), id).toEqual(kept);
    });
    const compaction = planCompaction(random, masks);
    const alive = livingUnits(plan.masks);
    expect(compaction.totalParams - compaction.removedParams).toBe(measured(measures[0]!, alive));
    expect(compaction.totalMacs - compaction.removedMacs).toBe(measured(macMeasure(random, found), alive));
  });

  test('what a dead unit writes changes no output', () => {
    const { params, stats } = lived(random, seed);
    const pruned = applyPlan(params, planOfMasks(random, masks, rule));
    const shape = [2, ...random.inputs[0]!.shape];
    const batch = tf.tensor(
      Rng.fromSeed(seed).normals(
        shape.reduce((a, b) => a * b),
        1,
      ),
      shape,
    );
    const zeroed = { ...pruned };
    found.forEach(({ group, units }, g) => {
      for (const { tensor, axis, role, start, block } of group.members) {
        if (role === 'read' || !(tensor in zeroed)) continue;
        const shape = zeroed[tensor]!.shape;
        const keep = new Float32Array(shape[axis]!).fill(1);
        for (let unit = 0; unit < units; unit++) {
          if (plan.masks[g]![unit] === 0) keep.fill(0, start + unit * block, start + (unit + 1) * block);
        }
        const along = shape.map((size, i) => (i === axis ? size : 1));
        zeroed[tensor] = tf.mul(zeroed[tensor]!, tf.tensor(keep, along));
      }
    });
    const logits = (weights: typeof pruned): tf.Tensor =>
      random.forward(weights, stats, { images: batch }, evaluating).outputs['logits']!;
    expectClose(logits(zeroed), logits(pruned));
  });
});
