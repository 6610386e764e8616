// What has to hold for every MNet (section 13).

import '../test/backend.ts';
import { type Params, Rng, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { maskTensors, onHost, setup, smallNetwork, smallOptions } from '../test/small.ts';
import { expectClose, expectNoLeak, largestDifference } from '../test/tensors.ts';
import { contrastiveLoss } from './contrastive.ts';
import { gatesOf, modulate } from './gates.ts';
import { createMNet } from './mnet.ts';
import type { MNetOptions } from './options.ts';
import { masksOf, thresholds } from './thresholds.ts';

const { kernels } = smallNetwork;
const images_BHWC = tf.tensor(Rng.fromSeed(4).normals(4 * 72, 1), [4, 6, 6, 2]) as tf.Tensor4D;

const CASES: [string, Partial<MNetOptions>][] = [
  ['MA-Net', {}],
  ['case 1: no chain, no temporal', { chain: false, temporal: 'none' }],
  ['case 2: no chain, own', { chain: false, temporal: 'own' }],
  ['case 3: chain, no temporal', { temporal: 'none' }],
  ['one astrocyte, one cell', { astrocytes: 1, cells: 1 }],
  ['interleaved', { partition: 'interleave' }],
  ['two encoder blocks', { blocks: 2 }],
  ['sparsemax', { activation: 'sparsemax' }],
  ['layer', { activation: 'layer' }],
  ['sigmoid', { activation: 'sigmoid' }],
];

describe('identity', () => {
  test.each(CASES)(
    '%s: without competition every q is 1 and the modulated forward is the plain one',
    (_, options) => {
      const { evaluate, weights, stats } = setup(options);
      const { q } = evaluate({ T: 0 });
      for (const { param } of kernels)
        expectClose(q[param]!, tf.onesLike(q[param]!), { atol: 1e-6, rtol: 0 });
      const thetas = thresholds(kernels, onHost(q), { mode: 'delta', delta: 1e-3, kappa: 0.5 });
      const masks = maskTensors(q, masksOf(kernels, onHost(q), thetas));
      const modulated = modulate(weights, gatesOf(q, masks), kernels, 'constant-kernel');
      const logitsOf = (params: Params): tf.Tensor =>
        smallNetwork.forward(params, stats, { images: images_BHWC }, { training: false }).outputs.logits;
      expectClose(logitsOf({ ...weights, ...modulated }), logitsOf(weights));
    },
  );

  test('gamma = 0 with a fresh Phi gives q = 1 at any competition', () => {
    const { q } = setup({ gamma0: 0 }, { trained: false }).evaluate({ T: 8 });
    for (const { param } of kernels) expectClose(q[param]!, tf.onesLike(q[param]!), { atol: 1e-6, rtol: 0 });
  });

  test('a fresh Phi is a competition of magnitudes: logit = ln D', () => {
    const { evaluate, mnet, weights } = setup({}, { trained: false });
    const { logits } = evaluate();
    for (const [name, d] of Object.entries(mnet.descriptors(weights))) {
      expectClose(logits[name]!, tf.log(tf.add(d, 1e-6)), { what: name });
    }
  });
});

describe('competition', () => {
  test.each(['softmax', 'sparsemax'] as const)(
    '%s: q is a share of F, and theta <= 1 empties nobody',
    (activation) => {
      for (const seed of [1, 2, 3]) {
        const { q } = setup({ activation }, { seed }).evaluate({ T: 4 });
        for (const { param, postNeurons } of kernels) {
          expectClose(tf.mean(q[param]!, 0), tf.ones([postNeurons]));
          expect(tf.min(q[param]!).dataSync()[0]).toBeGreaterThanOrEqual(0);
        }
        const alive = masksOf(
          kernels,
          onHost(q),
          kernels.map(() => 1 - 1e-6),
        );
        const masks = maskTensors(q, alive);
        for (const { param } of kernels)
          expect(tf.min(tf.sum(masks[param]!, 0)).dataSync()[0]).toBeGreaterThan(0);
      }
    },
  );
});

/** obar of each astrocyte. */
function outputsPerAstrocyte(state: Params, astrocytes: number): tf.Tensor[] {
  return tf.split(state['pooled']!, astrocytes, 0);
}

describe('chain', () => {
  const disturbed = (phi: Params, j: number): Params => ({
    ...phi,
    // Downstream of g1 and g2, so that only the joint function carries it on.
    [`astro.${j}.cells.0.b`]: tf.add(phi[`astro.${j}.cells.0.b`]!, 0.5),
  });
  /** Which astrocytes' outputs differ at the first and the second iteration. */
  const reached = (options: Partial<MNetOptions>, j: number): [boolean[], boolean[]] => {
    const { evaluate, phi } = setup({ ...options, astrocytes: 3 });
    const other = disturbed(phi, j);
    const [first, firstOther] = [evaluate(), evaluate({ phi: other })];
    const second = evaluate({ state: first.state });
    // The second iteration from the disturbed state, with the undisturbed Phi for all the others.
    const secondOther = evaluate({ phi: other, state: firstOther.state });
    const differs = (a: Params, b: Params): boolean[] =>
      outputsPerAstrocyte(a, 3).map((t, k) => largestDifference(t, outputsPerAstrocyte(b, 3)[k]!) > 1e-6);
    return [differs(first.state, firstOther.state), differs(second.state, secondOther.state)];
  };

  test('an astrocyte reaches the later ones at once and all of them at the next iteration', () => {
    expect(reached({}, 0)).toEqual([
      [true, true, true],
      [true, true, true],
    ]);
    expect(reached({}, 1)).toEqual([
      [false, true, true],
      [true, true, true],
    ]);
    expect(reached({}, 2)).toEqual([
      [false, false, true],
      [true, true, true],
    ]);
  });

  test.each([
    ['none', [false, true, false]],
    ['own', [false, true, false]],
  ] as const)('without chain, temporal %s: it reaches nobody else', (temporal, second) => {
    expect(reached({ chain: false, temporal }, 1)).toEqual([[false, true, false], second]);
  });

  test('chain without temporal terms: later astrocytes only', () => {
    expect(reached({ temporal: 'none' }, 1)).toEqual([
      [false, true, true],
      [false, true, true],
    ]);
  });

  test('its embedding reaches the others through g2 alone when they are independent', () => {
    const { evaluate, phi } = setup({ chain: false, temporal: 'none' });
    const name = 'astro.1.embed.bias';
    const moved = evaluate({ phi: { ...phi, [name]: tf.add(phi[name]!, 0.5) } });
    const before = evaluate();
    const change = outputsPerAstrocyte(before.state, 3).map((t, j) =>
      largestDifference(t, outputsPerAstrocyte(moved.state, 3)[j]!),
    );
    expect(Math.min(...change)).toBeGreaterThan(1e-6);
    expectClose(tf.slice(moved.local_MD, [0, 0], [1, 8]), tf.slice(before.local_MD, [0, 0], [1, 8]), {
      atol: 0,
      rtol: 0,
    });
  });
});

describe('state', () => {
  test('moves the outputs, and an evaluation moves nothing', () => {
    const { evaluate } = setup();
    const first = evaluate();
    const kept = onHost(first.state);
    const second = evaluate({ state: first.state });
    expect(largestDifference(first.q['conv2.weight']!, second.q['conv2.weight']!)).toBeGreaterThan(1e-4);
    expectClose(evaluate({ state: first.state }).q['conv2.weight']!, second.q['conv2.weight']!, {
      atol: 0,
      rtol: 0,
    });
    for (const [name, values] of Object.entries(kept)) expect(first.state[name]!.dataSync()).toEqual(values);
  });

  test('reset is a new MNet with the same Phi', () => {
    const { evaluate, mnet, phi, weights } = setup();
    evaluate({ state: evaluate().state });
    const other = createMNet(kernels, mnet.options);
    const now = other.descriptors(weights);
    const inputs = { descriptors: now, previous: now, state: other.restState(), competition: tf.scalar(2) };
    const fresh = other.modulations(phi, inputs);
    const reset = evaluate({ state: mnet.restState() });
    for (const { param } of kernels) expectClose(reset.q[param]!, fresh.q[param]!, { atol: 0, rtol: 0 });
  });

  test('history counts: another previous descriptor is another q', () => {
    const { evaluate, mnet, phi } = setup();
    const previous = mnet.descriptors(smallNetwork.init(Rng.fromSeed(77)).params);
    const [a, b] = [evaluate({ phi }), evaluate({ phi, previous })];
    expect(largestDifference(a.q['conv1.weight']!, b.q['conv1.weight']!)).toBeGreaterThan(1e-5);
  });
});

describe('interleave', () => {
  test('puts the pre-neurons back where they belong', () => {
    // All astrocytes alike and alone, one position embedding: then who owns a pre-neuron must not matter,
    // up to what g1 and g2 average over, which zero excitation and encoder weights make equal too.
    const alike = (partition: 'depth' | 'interleave'): Params => {
      const { mnet, phi, weights } = setup({ partition, chain: false, temporal: 'none' });
      const same = Object.fromEntries(
        Object.entries(phi).map(([name, t]) => {
          if (name.startsWith('astro.')) return [name, phi[name.replace(/^astro\.\d+/, 'astro.0')]!];
          return [name, t];
        }),
      ) as Record<string, tf.Tensor>;
      for (const name of mnet.names) {
        if (/fc[12]\.weight|norm\.weight|pos/.test(name)) same[name] = tf.zerosLike(same[name]!);
      }
      const now = mnet.descriptors(weights);
      return mnet.modulations(same, {
        descriptors: now,
        previous: now,
        state: mnet.restState(),
        competition: tf.scalar(2),
      }).q;
    };
    const [depth, interleave] = [alike('depth'), alike('interleave')];
    for (const { param } of kernels) expectClose(interleave[param]!, depth[param]!, { what: param });
    expect(largestDifference(depth['conv1.weight']!, tf.onesLike(depth['conv1.weight']!))).toBeGreaterThan(
      0.05,
    );
  });
});

describe('gradients', () => {
  test.each(CASES)('%s: Phi has the gradient of finite differences', (label, options) => {
    const { mnet, phi, weights } = setup(options);
    const now = mnet.descriptors(weights);
    // From a state that is not zero, so that wh and the temporal term matter.
    const state = mnet.modulations(phi, {
      descriptors: now,
      previous: now,
      state: mnet.restState(),
      competition: tf.scalar(1),
    }).state;
    const competition = tf.scalar(1);
    const probe = Object.fromEntries(
      kernels.map(({ param, preNeurons, postNeurons }) => [
        param,
        tf.tensor(
          Rng.fromSeed(8)
            .split(param)
            .normals(preNeurons * postNeurons, 1),
          [preNeurons, postNeurons],
        ),
      ]),
    );
    const loss = (p: Params): tf.Scalar => {
      const { q, local_MD, global_MD } = mnet.modulations(p, {
        descriptors: now,
        previous: now,
        state,
        competition,
      });
      const read = kernels.map(({ param }) => tf.sum(tf.mul(q[param]!, probe[param]!)));
      return tf.add(tf.addN(read), contrastiveLoss(local_MD, global_MD, 0.5)) as tf.Scalar;
    };
    const { grads } = valueAndGrad((p) => ({ value: loss(p), aux: [] }), phi, mnet.names);
    // Along one random direction per tensor; for the variants, per part of Phi.
    const partOf = (name: string): string => (label === 'MA-Net' ? name : name.split('.')[0]!);
    for (const part of new Set(mnet.names.map(partOf))) {
      const names = mnet.names.filter((name) => partOf(name) === part);
      const direction = names.map((name): [string, tf.Tensor] => {
        const raw = tf.tensor(Rng.fromSeed(6).split(name).normals(phi[name]!.size, 1), phi[name]!.shape);
        return [name, tf.div(raw, tf.mul(tf.norm(raw), Math.sqrt(names.length)))];
      });
      const moved = (by: number): number => {
        const steps = direction.map(([name, d]) => [name, tf.add(phi[name]!, tf.mul(d, by))]);
        return loss({ ...phi, ...(Object.fromEntries(steps) as Params) }).dataSync()[0]!;
      };
      const numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2;
      const analytic = direction.reduce(
        (sum, [name, d]) => sum + tf.sum(tf.mul(grads[name]!, d)).dataSync()[0]!,
        0,
      );
      expect(Math.abs(numeric - analytic), `${part}: ${analytic} against ${numeric}`).toBeLessThan(
        5e-3 + 0.02 * Math.abs(numeric),
      );
    }
  });

  test('stop at the state, and reach the descriptors only when these are on the tape', () => {
    const { mnet, phi, weights } = setup();
    const rest = mnet.restState();
    const outside = mnet.descriptors(weights);
    const value = (w: Params, attach: boolean): tf.Scalar => {
      const now = attach ? mnet.descriptors(w) : outside;
      const { q } = mnet.modulations(phi, {
        descriptors: now,
        previous: outside,
        state: rest,
        competition: tf.scalar(2),
      });
      return tf.sum(tf.square(q['conv2.weight']!));
    };
    const gradientOf = (attach: boolean): tf.Tensor =>
      valueAndGrad((w) => ({ value: value(w, attach), aux: [] }), weights, ['conv2.weight']).grads[
        'conv2.weight'
      ]!;
    expect(tf.max(tf.abs(gradientOf(true))).dataSync()[0]).toBeGreaterThan(1e-4);
    expect(tf.max(tf.abs(gradientOf(false))).dataSync()[0]).toBe(0);
  });
});

describe('resources', () => {
  test('an evaluation leaves only its results, an MNet only its constants', () => {
    const { phi, weights } = setup({ partition: 'interleave' });
    expectNoLeak(() => {
      const mnet = createMNet(kernels, { ...smallOptions, partition: 'interleave' });
      const now = mnet.descriptors(weights);
      const inputs = { descriptors: now, previous: now, state: mnet.restState(), competition: tf.scalar(1) };
      const evaluate = (): tf.TensorContainer => ({ ...mnet.modulations(phi, inputs) }) as tf.TensorContainer;
      const first = evaluate();
      expectNoLeak(evaluate);
      mnet.dispose();
      return [first, inputs] as unknown as tf.TensorContainer;
    });
  });

  test('describes itself without a backend, and evaluates again after dispose', () => {
    const { mnet, evaluate } = setup();
    const text = '3 modulated kernels, 17 pre-neurons, 100 connections, 3 astrocytes of 2 cells';
    expect(mnet.describe()).toContain(text);
    const before = evaluate().q['conv1.weight']!;
    mnet.dispose();
    expectClose(evaluate().q['conv1.weight']!, before, { atol: 0, rtol: 0 });
  });

  test('names a parameter of Phi that is missing', () => {
    const { evaluate, phi } = setup();
    const { pos: _, ...rest } = phi;
    expect(() => evaluate({ phi: rest })).toThrowError(expect.objectContaining({ code: 'network-mismatch' }));
    expect(() => evaluate({ phi: rest })).toThrowError(/"pos"/);
  });
});
