import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, type Sections, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { batch, network as single, task as tiny } from '../test/tiny.ts';
import { auxiliary, auxiliaryTask } from './auxiliary.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const network = defineNetwork(
  'two',
  { images: [4, 4, 2] },
  (net, { images }) => {
    const early = net.batchNorm('bn', net.conv('early', images, { out: 4, kernel: 3 }));
    const late = net.conv('late', net.relu(early), { out: 4, kernel: 3 });
    const beside = net.batchNorm('second.bn', net.conv('second.conv', early, { out: 5, kernel: 1 }));
    return {
      logits: net.dense('fc', net.globalAveragePool(late), { out: 3 }),
      auxiliary: net.dense('second.fc', net.globalAveragePool(net.relu(beside)), { out: 3 }),
    };
  },
  { outputs: ['logits'] },
);
const task = { ...tiny, network };

test('a step follows the sum of both losses, and what is evaluated has no trace of the second', async () => {
  const training = auxiliary().open(task, { budget: 6, batchesPerEpoch: 2 });
  expect(training.about).toBe('a second classifier, at weight 0.4');
  expect(training.rounds.map(({ length }) => length)).toEqual([2, 2, 2]);
  const own = [
    'second.conv.weight',
    'second.bn.weight',
    'second.bn.bias',
    'second.fc.weight',
    'second.fc.bias',
  ];
  const { shapes } = training.sections['branches']!;
  expect(Object.keys(shapes).toSorted()).toEqual(own.toSorted());
  expect(network.parameters.some(({ name }) => own.includes(name))).toBe(false);

  const rng = Rng.fromSeed(4);
  const state: Sections = { ...network.init(rng.split('network')), ...training.init(rng) };
  const images = batch();
  const ctx = { training: true };
  const { terms, grads, stats } = await training.step(0, training.rounds[0]!, state, images, ctx);
  const number = async (name: string): Promise<number> => (await terms[name]!.data())[0]!;
  const [loss, data, second] = [await number('loss'), await number('data'), await number('auxiliary')];
  expect(loss).toBeCloseTo(data + 0.4 * second, 6);
  expect(Object.keys(stats).toSorted()).toEqual(Object.keys(state.stats).toSorted());

  // The gradients are those of the sum: W's own, and what the second classifier says of it.
  const all = { ...state.params, ...state['branches'] };
  const both = network.withOutputs(['logits', 'auxiliary']);
  const unread = both.init(Rng.fromSeed(1)).stats;
  const of = (output: 'logits' | 'auxiliary', names: readonly string[]) =>
    valueAndGrad(
      (w) => {
        const { outputs } = both.forward(w, { ...unread, ...state.stats }, { images: images.images }, ctx);
        return { value: tiny.loss({ logits: outputs[output] }, images, ctx).loss, aux: {} };
      },
      all,
      names,
    ).grads;
  const [main, beside] = [
    of('logits', ['early.weight', 'late.weight']),
    of('auxiliary', ['early.weight', ...own]),
  ];
  const near = async (found: tf.Tensor, expected: tf.Tensor): Promise<void> => {
    const apart = (await tf.max(tf.abs(tf.sub(found, expected))).data())[0]!;
    expect(apart).toBeLessThan(1e-6);
  };
  const early = tf.add(main['early.weight']!, tf.mul(beside['early.weight']!, 0.4));
  await near(grads['params']!['early.weight']!, early);
  await near(grads['params']!['late.weight']!, main['late.weight']!);
  for (const name of own) await near(grads['branches']![name]!, tf.mul(beside[name]!, 0.4));
  expect((await beside['second.fc.weight']!.data()).some((g) => g !== 0)).toBe(true);
  expect(Object.keys(training.weights(state))).toEqual(network.parameters.map(({ name }) => name));

  const now = tf.memory().numTensors;
  const again = await training.step(0, training.rounds[0]!, state, images, ctx);
  tf.dispose([again.terms, again.grads, again.stats] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(now);
});

test('without weight the second classifier says nothing to W', async () => {
  const made = auxiliaryTask(task, 0);
  const outputs = { logits: tf.tensor2d([[1, 2, 3]]), auxiliary: tf.tensor2d([[3, 2, 1]]) };
  const labels = { images: tf.zeros([1, 4, 4, 2]), labels: tf.tensor1d([2], 'int32') };
  const [one, plain] = [
    made.loss(outputs, labels, { training: true }),
    tiny.loss(outputs, labels, { training: true }),
  ];
  expect((await one.loss.data())[0]).toBe((await plain.loss.data())[0]);
});

test('a network of one classifier is refused', () => {
  expect(() => auxiliary().open({ ...tiny, network: single }, { budget: 1, batchesPerEpoch: 1 })).toThrow(
    expect.objectContaining({
      code: 'bad-argument',
      message: expect.stringContaining('no second classifier'),
    }),
  );
});
