import '../test/backend.ts';
import { countParams, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { byKernel, oracleNetwork, readAlternate, tensorsOf } from '../test/oracle.ts';
import { fullMasks, maskTensors, onHost, setup, smallNetwork } from '../test/small.ts';
import { expectClose, expectNoLeak, tensorOf } from '../test/tensors.ts';
import { gatesOf, modulate } from './gates.ts';
import { describePlan } from './describe-plan.ts';
import { applyPlan, planOfMasks, planPruning } from './plan.ts';
import type { PruneRule } from './prune-rule.ts';

const half: PruneRule = { mode: 'target', removeModulated: 0.5 };
const codeOf = (code: string): unknown => expect.objectContaining({ code });
const nonZero = (tensors: Params): number =>
  Object.values(tensors).reduce((sum, t) => sum + [...t.dataSync()].filter((x) => x !== 0).length, 0);

describe('the export of the oracle', () => {
  const oracle = readAlternate();
  const { kernels } = oracleNetwork;
  const { mask, s } = oracle.w_step;
  const weights = tensorsOf(
    oracle.w_step.weights_after,
    oracleNetwork.parameters.map((p) => p.name),
  );
  const stats = tensorsOf(
    oracle.w_step.weights_after,
    oracleNetwork.statistics.map((p) => p.name),
  );
  const images = tensorOf(oracle.x) as tf.Tensor4D;
  const masks = Object.fromEntries(kernels.map((k, l) => [k.param, Uint8Array.from(mask[l]!.data)]));
  const plan = planOfMasks(oracleNetwork, masks, { mode: 'target', removeModulated: oracle.target });
  const exported = applyPlan(weights, plan, byKernel(kernels, s));

  test('has its kernels, its outputs and its number of parameters', () => {
    for (const [layer, kernel] of Object.entries(oracle.export.exported)) {
      expectClose(exported[`${layer}.weight`]!, kernel, { what: layer });
    }
    const { logits } = oracleNetwork.forward(exported, stats, { images }, { training: false }).outputs;
    expectClose(logits, oracle.export.exported_eval_logits);
    expect(plan.totalParams).toBe(oracle.export.total);
    expect(oracle.export.modulated - plan.removedParams).toBe(oracle.export.kept);
  });
});

describe('a plan', () => {
  const { weights, stats, evaluate } = setup();
  const { q } = evaluate();
  const plan = planPruning(smallNetwork, onHost(q), half);
  const images = tf.tensor(Rng.fromSeed(2).normals(3 * 72, 1), [3, 6, 6, 2]) as tf.Tensor4D;
  const forward = (params: Params): tf.Tensor =>
    smallNetwork.forward(params, stats, { images }, { training: false }).outputs['logits']!;

  test('exported with the held gates computes what the MA-Net computed', () => {
    const gates = gatesOf(q, maskTensors(q, plan.masks));
    const modulated = modulate(weights, gates, smallNetwork.kernels, 'constant-kernel');
    const expected = forward({ ...weights, ...modulated });
    const exported = applyPlan(weights, plan, gates);
    expectClose(forward(exported), expected, { atol: 1e-6, rtol: 1e-5 });
    // What is reported is what is stored: nothing but dead connections is 0.
    const kernelsOnly = Object.fromEntries(
      smallNetwork.kernels.map(({ param }) => [param, exported[param]!]),
    );
    const modulatedParams = countParams(kernelsOnly);
    expect(nonZero(kernelsOnly)).toBe(modulatedParams - plan.removedParams);
  });

  test('removes about half, and keeps every post-neuron connected', () => {
    const modulatedParams = smallNetwork.kernels.reduce(
      (sum, k) => sum + k.preNeurons * k.postNeurons * k.area,
      0,
    );
    expect(plan.removedParams).toBeLessThanOrEqual(modulatedParams / 2);
    expect(plan.removedParams).toBeGreaterThan(modulatedParams / 2 - 9);
    expect(plan.totalParams).toBe(countParams(weights));
  });

  test('holds the masks that it was made of, and counts what they leave', () => {
    expect(planOfMasks(smallNetwork, plan.masks, half)).toEqual(plan);
    for (const { param, keptConnections } of plan.kernels)
      expect(keptConnections).toBe(plan.masks[param]!.reduce((sum, alive) => sum + alive, 0));
  });

  test('without gates prunes the raw weights, and copies the rest', () => {
    const pruned = applyPlan(weights, plan);
    const masks = maskTensors(q, plan.masks);
    for (const [name, value] of Object.entries(weights)) {
      const mask = masks[name];
      expectClose(pruned[name]!, mask === undefined ? value : tf.mul(value, mask), { atol: 0, rtol: 0 });
    }
  });

  test('prints what it would do', () => {
    const text = describePlan(plan);
    expect(text).toContain('small, at most 50 % of the modulated parameters go');
    expect(text).toMatch(/conv1\.weight +\d+ +35 +\d+\.\d %/);
    const left = plan.totalParams - plan.removedParams;
    expect(text).toContain(`parameters  ${plan.totalParams} -> ${left}`);
    const whole = planOfMasks(smallNetwork, fullMasks(smallNetwork.kernels), {
      mode: 'delta',
      delta: 1e-3,
      kappa: 0.5,
    });
    expect(describePlan(whole)).toContain('(0.0 % of all removed)');
    expect(describePlan({ ...whole, totalParams: 1234567 })).toContain('1 234 567');
  });

  test('refuses another network before it makes anything', () => {
    const other = { ...weights, 'conv2.weight': tf.zeros([3, 3, 4, 4]) };
    expectNoLeak(() => {
      expect(() => applyPlan(other, plan)).toThrowError(codeOf('network-mismatch'));
    });
    const foreign = { 'conv9.weight': Uint8Array.of(1) };
    expect(() => planOfMasks(smallNetwork, foreign, half)).toThrowError(codeOf('network-mismatch'));
    const short = { 'conv2.weight': Uint8Array.of(1) };
    expect(() => planOfMasks(smallNetwork, short, half)).toThrowError(codeOf('network-mismatch'));
    expect(planOfMasks(smallNetwork, {}, half)).toMatchObject({ kernels: [], removedParams: 0 });
  });

  test('leaves nothing behind', () => {
    expectNoLeak(() => applyPlan(weights, plan));
    expectNoLeak(() => applyPlan(weights, plan, q));
  });
});
