// The whole line against an independent implementation: two committed evaluations, one step of Phi, one
// step of W, a fresh evaluation, the export.

import '../test/backend.ts';
import { crossEntropy, globalNorm, type Params, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { byKernel, oracleNetwork, oracleOptions, readAlternate, tensorsOf } from '../test/oracle.ts';
import { expectClose, type Fixed, tensorOf } from '../test/tensors.ts';
import { contrastiveLoss } from './contrastive.ts';
import { gatesOf, modulate } from './gates.ts';
import { createMNet, type Modulations } from './mnet.ts';
import { masksOf, thresholds } from './thresholds.ts';

const oracle = readAlternate();
const { kernels } = oracleNetwork;
const mnet = createMNet(kernels, oracleOptions);
const GRADIENT = { atol: 1e-4 };

let weights: Params;
let stats: Params;
let phi: Params;
let images: tf.Tensor4D;
let labels: tf.Tensor1D;
let competition: tf.Scalar;
let previous: Params;
let iterations: Modulations[];
let phiStep: Modulations;

function expectAll(found: Params, expected: Readonly<Record<string, Fixed>>, atol = 1e-5): void {
  for (const [name, value] of Object.entries(expected))
    expectClose(found[name]!, value, { atol, what: name });
}

function expectKernels(found: Params, expected: readonly Fixed[], what: string): void {
  kernels.forEach(({ param }, l) => expectClose(found[param]!, expected[l]!, { what: `${what} ${param}` }));
}

const host = (record: Params): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(record).map(([name, t]) => [name, t.dataSync() as Float32Array]));

/** Masks of the target rule, as tensors. */
function masksFor(q: Params): { masks: Params; thetas: number[] } {
  const thetas = thresholds(kernels, host(q), { mode: 'target', removeModulated: oracle.target });
  const alive = masksOf(kernels, host(q), thetas);
  const entries = kernels.map(({ param, preNeurons, postNeurons }) => [
    param,
    tf.tensor(Float32Array.from(alive[param]!), [preNeurons, postNeurons]),
  ]);
  return { masks: Object.fromEntries(entries) as Params, thetas };
}

beforeAll(() => {
  weights = tensorsOf(
    oracle.weights,
    oracleNetwork.parameters.map((p) => p.name),
  );
  stats = tensorsOf(
    oracle.weights,
    oracleNetwork.statistics.map((s) => s.name),
  );
  phi = tensorsOf(oracle.phi, mnet.names);
  images = tensorOf(oracle.x) as tf.Tensor4D;
  labels = tf.tensor1d([...oracle.y], 'int32');
  competition = tf.scalar(oracle.temp);
  previous = byKernel(kernels, oracle.Dprev);
  const now = mnet.descriptors(weights);
  iterations = [];
  let state = mnet.restState();
  for (let t = 0; t < 3; t++) {
    const evaluation = mnet.modulations(phi, { descriptors: now, previous, state, competition });
    state = evaluation.state;
    iterations.push(evaluation);
  }
  phiStep = iterations[2]!;
});

test('the task network is the one of the oracle', () => {
  expect(kernels.map((k) => k.param)).toEqual(oracle.layers.map((name) => `${name}.weight`));
  expect(kernels.map((k) => [k.preNeurons, k.postNeurons, k.width])).toEqual(oracle.shapes);
  const { outputs } = oracleNetwork.forward(weights, stats, { images }, { training: false });
  expectClose(outputs.logits, oracle.plain_eval_logits, { what: 'plain logits' });
});

test('Phi has the names and shapes of the oracle, but for a chain term that nothing feeds', () => {
  const unused = ['astro.0.chain.weight', 'astro.0.chain.bias'];
  const expected = Object.keys(oracle.phi).filter((name) => !unused.includes(name));
  expect([...mnet.names].sort()).toEqual(expected.sort());
  for (const name of expected) expect(mnet.shapes[name]).toEqual(oracle.phi[name]!.shape);
});

test('descriptors and owners', () => {
  expectKernels(mnet.descriptors(weights), oracle.D, 'D');
  expect([...mnet.partition.owner]).toEqual(oracle.owner);
});

describe.each([0, 1])('iteration %i', (t) => {
  test('features, states, logits and relative probabilities', () => {
    const expected = oracle.iterations[t]!;
    const { local_MD, global_MD, state, logits, q } = iterations[t]!;
    expectClose(local_MD, expected.s, { what: 'S' });
    expectClose(global_MD, expected.v, { what: 'v' });
    expectClose(state['pooled']!, expected.state_pooled, { what: 'obar' });
    expectClose(state['pooled']!, expected.pooled, { what: 'pooled' });
    expected.h.forEach((cells, j) =>
      cells.forEach((h, k) => expectClose(state[`cells.${j}.${k}.h`]!, h, { what: `h ${j} ${k}` })),
    );
    expected.c.forEach((cells, j) =>
      cells.forEach((c, k) => expectClose(state[`cells.${j}.${k}.c`]!, c, { what: `c ${j} ${k}` })),
    );
    expectKernels(logits, expected.logits, 'logits');
    expectKernels(q, expected.q, 'q');
  });
});

test('the third evaluation, its thresholds, masks and gates', () => {
  const expected = oracle.phi_step;
  expectKernels(phiStep.logits, expected.logits, 'logits');
  expectKernels(phiStep.q, expected.q, 'q');
  const { masks, thetas } = masksFor(phiStep.q);
  thetas.forEach((theta, l) => expect(theta).toBeCloseTo(expected.thresholds[l]!, 5));
  expectKernels(masks, expected.mask, 'mask');
  expectKernels(gatesOf(phiStep.q, masks), expected.s, 's');
});

/** One mini-batch of an MNet round. */
function stepPhi(): { after: Params; running: Params } {
  const expected = oracle.phi_step;
  const { masks } = masksFor(phiStep.q);
  const now = mnet.descriptors(weights);
  const { state } = iterations[1]!;
  const { value, grads, aux } = valueAndGrad(
    (p) => {
      const { q, local_MD, global_MD } = mnet.modulations(p, {
        descriptors: now,
        previous,
        state,
        competition,
      });
      const gates = gatesOf(q, masks, { straightThrough: true });
      const modulated = modulate(weights, gates, kernels, 'constant-kernel');
      const used = { ...weights, ...modulated };
      const { outputs, stats: running } = oracleNetwork.forward(used, stats, { images }, { training: true });
      const { logits } = outputs;
      const data = crossEntropy(logits, labels);
      const regulariser = contrastiveLoss(local_MD, global_MD, mnet.options.tau);
      const loss: tf.Scalar = tf.add(data, tf.mul(regulariser, oracle.lambda_));
      return { value: loss, aux: { logits, data, regulariser, running } as tf.TensorContainerObject };
    },
    phi,
    mnet.active(expected.active),
  );
  expectClose(aux['logits'] as tf.Tensor, expected.train_logits, { what: 'train logits' });
  expect((aux['data'] as tf.Tensor).dataSync()[0]).toBeCloseTo(expected.L_data, 4);
  expect((aux['regulariser'] as tf.Tensor).dataSync()[0]).toBeCloseTo(expected.L_reg, 4);
  expect(value.dataSync()[0]).toBeCloseTo(expected.L_MN, 4);

  expect(Object.keys(grads).sort()).toEqual(Object.keys(expected.grads).sort());
  expectAll(grads, expected.grads, GRADIENT.atol);
  const norm = globalNorm(grads).dataSync()[0]!;
  expect(norm).toBeCloseTo(expected.grad_norm, 4);

  // The first step of SGD with momentum, of the clipped gradient; nothing else is touched.
  const scale = oracle.lr * Math.min(1, oracle.clip / norm);
  const moved = Object.entries(grads).map(([name, grad]) => [name, tf.sub(phi[name]!, tf.mul(grad, scale))]);
  return { after: { ...phi, ...(Object.fromEntries(moved) as Params) }, running: aux['running'] as Params };
}

test('a step of Phi', () => {
  const { after, running } = stepPhi();
  const touchable = Object.entries(oracle.phi_step.phi_after).filter(([name]) => mnet.names.includes(name));
  expectAll(after, Object.fromEntries(touchable));
  expectAll(running, oracle.phi_step.running_after);
});

test('a step of W with constant gates, a fresh evaluation, and the export', () => {
  const expected = oracle.w_step;
  const { after: phiAfter, running } = stepPhi();
  const now = mnet.descriptors(weights);
  const fourth = mnet.modulations(phiAfter, {
    descriptors: now,
    previous,
    state: phiStep.state,
    competition,
  });
  expectKernels(fourth.q, expected.q, 'q');
  const { masks } = masksFor(fourth.q);
  expectKernels(masks, expected.mask, 'mask');
  const gates = gatesOf(fourth.q, masks);
  expectKernels(gates, expected.s, 's');

  const { value, grads, aux } = valueAndGrad(
    (w) => {
      const used = { ...w, ...modulate(w, gates, kernels, 'feedback') };
      const result = oracleNetwork.forward(used, running, { images }, { training: true });
      return {
        value: crossEntropy(result.outputs.logits, labels),
        aux: { logits: result.outputs.logits, stats: result.stats as tf.TensorContainerObject },
      };
    },
    weights,
    Object.keys(weights),
  );
  expectClose(aux.logits, expected.train_logits, { what: 'train logits' });
  expect(value.dataSync()[0]).toBeCloseTo(expected.loss, 4);
  expectAll(grads, expected.grads, GRADIENT.atol);

  const decayed = Object.entries(weights).map(([name, w]) => {
    const g = tf.add(grads[name]!, tf.mul(w, oracle.weightDecay));
    return [name, tf.sub(w, tf.mul(g, oracle.lr))];
  });
  const weightsAfter = Object.fromEntries(decayed) as Params;
  const statsAfter = aux.stats as Params;
  expectAll({ ...weightsAfter, ...statsAfter }, expected.weights_after);

  // History is D before the step of W.
  const fresh = mnet.modulations(phiAfter, {
    descriptors: mnet.descriptors(weightsAfter),
    previous: now,
    state: fourth.state,
    competition,
  });
  expectKernels(fresh.q, oracle.fresh.q, 'fresh q');

  const held = modulate(weightsAfter, gates, kernels, 'constant-kernel');
  const evaluate = (params: Params): tf.Tensor =>
    oracleNetwork.forward(params, statsAfter, { images }, { training: false }).outputs['logits']!;
  expectClose(evaluate({ ...weightsAfter, ...held }), oracle.export.eval_logits, { what: 'held gates' });
  for (const [layer, kernel] of Object.entries(oracle.export.exported)) {
    expectClose(held[`${layer}.weight`]!, kernel, { what: layer });
  }
});
