import { readFileSync } from 'node:fs';
import { cpu } from '@ma-net/backend-cpu';
import { countParams, Rng, type Sections, startBackend, valueAndGrad } from '@ma-net/core';
import { applyCompaction, NEURON_LEVEL, planCompaction } from '@ma-net/mnet';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type ArrayOf, bias, expectNear, filled, kernelOf } from '../test/formulas.ts';
import { astrocyteGates, openChannels, unetInit, unetShapes } from './astrocyte-unet.ts';
import { astroNet } from './astronet.ts';
import { batch, ends, network, task } from '../test/tiny.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface Fixture {
  readonly convs: readonly (readonly [string, number, number, number])[];
  readonly gates: readonly ArrayOf[];
  readonly meanGate: number;
  readonly loss: number;
  readonly gradKernels: readonly ArrayOf[];
  readonly gradUnet: Readonly<Record<string, { readonly kernel: ArrayOf; readonly bias: ArrayOf }>>;
  readonly select: readonly {
    readonly density: number;
    readonly keptPerLayer: readonly (readonly number[])[];
  }[];
  readonly params: Readonly<Record<string, number>>;
  readonly baseWidthFor2p88M: number;
  readonly paramsAtThatWidth: number;
}
const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/astronet.json', import.meta.url), 'utf8'),
) as Fixture;

const kernels = (): Record<string, tf.Tensor> => ({
  a: tf.tensor(kernelOf([3, 3, 3, 4], 27, 100), [3, 3, 3, 4]),
  b: tf.tensor(kernelOf([3, 3, 4, 8], 36, 101), [3, 3, 4, 8]),
  c: tf.tensor(kernelOf([1, 1, 8, 6], 8, 102), [1, 1, 8, 6]),
});
const phiOf = (): Record<string, tf.Tensor> =>
  Object.fromEntries(
    fixture.convs.flatMap(([name, taps, from, to], i) => [
      [`${name}.kernel`, tf.tensor(kernelOf([taps, from, to], taps * from, i), [taps, from, to])],
      [`${name}.bias`, tf.tensor(bias(to, i), [to])],
    ]),
  );

test('gates of every iteration are those of the design, with gradients through all of them', async () => {
  const [w, phi] = [kernels(), phiOf()];
  expect(Object.fromEntries(Object.entries(phi).map(([name, t]) => [name, t.shape]))).toEqual(
    unetShapes({ width: 2 }),
  );
  const inRow = (values: ArrayOf, row: number, width: number): ArrayOf => ({
    shape: [width],
    data: values.data.slice(8 * row, 8 * row + width),
  });
  for (const [t, expected] of fixture.gates.entries()) {
    const { gates } = astrocyteGates(w, phi, { iterations: t + 1, temperature: 1 });
    for (const [row, [name, width]] of (
      [
        ['a', 4],
        ['b', 8],
        ['c', 6],
      ] as const
    ).entries())
      await expectNear(gates[name]!, inRow(expected, row, width), 1e-5);
  }
  const weights = filled([3, 8]);
  const { value, grads, aux } = valueAndGrad(
    (all) => {
      const own = Object.fromEntries(Object.keys(phi).map((name) => [name, all[name]!]));
      const { gates, mean } = astrocyteGates({ a: all['a']!, b: all['b']!, c: all['c']! }, own, {
        iterations: 6,
        temperature: 1,
      });
      const rows = Object.values(gates).map((m, r) =>
        tf.sum(tf.mul(m, tf.reshape(tf.slice(weights, [r, 0], [1, m.size]), [m.size]))),
      );
      return { value: tf.add(tf.addN(rows), tf.mul(mean, 0.1)) as tf.Scalar, aux: { mean } };
    },
    { ...w, ...phi },
    [...Object.keys(w), ...Object.keys(phi)],
  );
  expect((await value.data())[0]).toBeCloseTo(fixture.loss, 5);
  expect((await aux.mean.data())[0]).toBeCloseTo(fixture.meanGate, 6);
  for (const [i, name] of ['a', 'b', 'c'].entries())
    await expectNear(grads[name]!, fixture.gradKernels[i]!, 5e-4);
  for (const [name, { kernel, bias: offset }] of Object.entries(fixture.gradUnet)) {
    await expectNear(grads[`${name}.kernel`]!, kernel, 5e-4);
    await expectNear(grads[`${name}.bias`]!, offset, 5e-4);
  }
});

test('the channels with the largest gates stay open in every kernel', async () => {
  const { gates } = astrocyteGates(kernels(), phiOf(), { iterations: 6, temperature: 1 });
  for (const { density, keptPerLayer } of fixture.select) {
    for (const [i, name] of ['a', 'b', 'c'].entries()) {
      const open = [...openChannels(await gates[name]!.data(), density)];
      expect(open.flatMap((one, channel) => (one === 1 ? [channel] : []))).toEqual(keptPerLayer[i]);
    }
  }
  expect([...openChannels([0.5, 0.5, 0.5], 0)]).toEqual([1, 0, 0]);
});

test('its size is that of the paper, whatever the network', () => {
  const numbers = (width: number): number =>
    Object.values(unetShapes({ width })).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  for (const [width, count] of Object.entries(fixture.params)) expect(numbers(Number(width))).toBe(count);
  expect(numbers(fixture.baseWidthFor2p88M)).toBe(fixture.paramsAtThatWidth);
  const fresh = unetInit({ width: 3 }, Rng.fromSeed(1));
  expect(countParams(fresh)).toBe(numbers(3));
  tf.dispose(fresh as tf.TensorContainerObject);
  for (const width of [0, 1.5]) expect(() => unetShapes({ width })).toThrow(/cannot be/);
});

const length = { budget: 60, batchesPerEpoch: 6 };

test('network and astrocyte are trained in turn, each on images of its own, by gradients of its own', async () => {
  const training = astroNet({ width: 2, select: ends, plainRounds: 2 }).open(task, length);
  const kinds = training.rounds.map(({ kind, split, length: of }) => [kind, split, of]);
  expect(kinds.slice(0, 5)).toEqual([
    ['plain', 'weights', 6],
    ['plain', 'weights', 6],
    ['astrocytes', 'alphas', 3],
    ['neurons', 'weights', 6],
    ['astrocytes', 'alphas', 3],
  ]);
  const whole = astroNet({ width: 2, select: ends, heldOut: false }).open(task, length);
  expect(whole.rounds.every(({ split }) => split === undefined)).toBe(true);

  const state: Sections = { ...network.init(Rng.fromSeed(1)), ...training.init(Rng.fromSeed(1)) };
  const round = (kind: string) => training.rounds.find(({ kind: of }) => of === kind)!;
  const ctx = { training: true };
  const astrocyte = await training.step(12, round('astrocytes'), state, batch(), ctx);
  expect(Object.keys(astrocyte.grads)).toEqual(['phi']);
  expect(Object.keys(astrocyte.terms).toSorted()).toEqual(['data', 'gates', 'loss']);
  // Nothing is said yet: all gates are alike, but the last layer learns from the first step.
  expect((await astrocyte.grads['phi']!['out.kernel']!.data()).some((g) => g !== 0)).toBe(true);
  const { replaced } = (await training.before!(15, round('neurons'), state))!;
  const gates = await replaced['gates']!['inner.weight']!.data();
  for (const gate of gates) expect(gate).toBeCloseTo(gates[0]!, 6);
  const plain = await training.step(15, round('neurons'), { ...state, ...replaced }, batch(), ctx);
  expect(Object.keys(plain.grads)).toEqual(['params']);
});

test('units with small gates go, and what is left computes the same; channels of kernels go by a rule for connections', async () => {
  const resnet = await createTNet('resnet-test', { numClasses: 3 });
  const images = tf.tensor(Rng.fromSeed(2).normals(2 * 192, 1), [2, 8, 8, 3]);
  const on = { ...task, network: resnet };
  const prune = { ...NEURON_LEVEL, floor: { part: 0, units: 1 } };
  const training = astroNet({ width: 2, select: { outputs: true }, prune, plainRounds: 1 }).open(on, length);
  const phi = unetInit({ width: 2 }, Rng.fromSeed(3));
  phi['out.kernel'] = tf.tensor(Rng.fromSeed(4).normals(2, 2), [1, 2, 1]);
  let state: Sections = { ...resnet.init(Rng.fromSeed(1)), ...training.init(Rng.fromSeed(1)), phi };
  for (const round of training.rounds) {
    const decision = await training.before!(round.start, round, state);
    state = { ...state, ...decision?.replaced };
  }
  const removal = (await training.removal!(state))!;
  const small = applyCompaction(
    resnet,
    removal.weights(),
    state.stats,
    planCompaction(resnet, removal.masks),
  );
  expect(countParams(small.params)).toBeLessThanOrEqual(0.5 * countParams(state.params));
  const logits = async (net: typeof resnet, w: Pick<typeof small, 'params' | 'stats'>) => [
    ...(await net.forward(w.params, w.stats, { images }, { training: false }).outputs.logits.data()),
  ];
  const before = await logits(resnet, { params: training.weights(state), stats: state.stats });
  (await logits(small.network as typeof resnet, small)).forEach((value, i) =>
    expect(value).toBeCloseTo(before[i]!, 5),
  );

  const half = (await training.removal!(state, { mode: 'target', removeModulated: 0.5 }))!;
  const { postNeurons } = resnet.kernels.find(({ param }) => param === 'layer2.0.conv1.weight')!;
  const mask = half.masks['layer2.0.conv1.weight']!;
  expect(mask.subarray(0, postNeurons).reduce((a, b) => a + b, 0)).toBe(postNeurons / 2);
  expect(mask.reduce((a, b) => a + b, 0)).toBe(mask.length / 2);
  await expect(training.removal!(state, { mode: 'delta', delta: 0.1, kappa: 0.5 })).rejects.toThrow(
    /no threshold/,
  );

  const byKernels = astroNet({ width: 2, plainRounds: 1 }).open(on, length);
  let own: Sections = { ...state, ...byKernels.init(Rng.fromSeed(1)), phi, masks: {} };
  const changes = [];
  for (const round of byKernels.rounds) {
    const decision = await byKernels.before!(round.start, round, own);
    own = { ...own, ...decision?.replaced };
    if (decision?.change !== undefined) changes.push(decision.change.kept / decision.change.connections);
  }
  expect(changes.at(-1)).toBeCloseTo(0.5, 1);
  expect(changes.toSorted((a, b) => b - a)).toEqual(changes);
});
