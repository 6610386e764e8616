import { readFileSync } from 'node:fs';
import { cpu } from '@ma-net/backend-cpu';
import {
  crossEntropy,
  type HostTensor,
  type Network,
  readParams,
  Rng,
  type Sections,
  startBackend,
  type Task,
  valueAndGrad,
} from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type ArrayOf, expectNear, tensorOf } from '../test/formulas.ts';
import { branched } from './branches.ts';
import { cds, contrastiveTask } from './cds.ts';
import { cdsOptions, taughtOptions } from './options.ts';
import { adapted, distance, softCrossEntropy, taught, taughtTask, type Teacher } from './teacher.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface Fixture {
  readonly total: {
    readonly logits: ArrayOf;
    readonly kd: { readonly teacherLogits: ArrayOf; readonly loss: number; readonly gradLogits: ArrayOf };
    readonly featureDistance: {
      readonly teacher: ArrayOf;
      readonly student: ArrayOf;
      readonly distance: number;
      readonly grad: ArrayOf;
    };
  };
}
const { total } = JSON.parse(
  readFileSync(new URL('../fixtures/cds.json', import.meta.url), 'utf8'),
) as Fixture;

test('what a teacher thinks probable is learned as in the public code, with its gradient', async () => {
  const { teacherLogits, loss, gradLogits } = total.kd;
  const { value, grads } = valueAndGrad(
    ({ logits }) => ({
      value: softCrossEntropy(tf.slice(logits!, 0, 4), tensorOf(teacherLogits), 3),
      aux: {},
    }),
    { logits: tensorOf(total.logits) },
    ['logits'],
  );
  expect((await value.data())[0]).toBeCloseTo(loss, 6);
  await expectNear(grads['logits']!, gradLogits, 1e-4);
});

test('the distance of features is that of the public code, with its gradient', async () => {
  const { teacher, student, distance: expected, grad } = total.featureDistance;
  const { value, grads } = valueAndGrad(
    ({ own }) => ({ value: distance(own!, tensorOf(teacher)), aux: {} }),
    { own: tensorOf(student) },
    ['own'],
  );
  expect((await value.data())[0]).toBeCloseTo(expected, 5);
  await expectNear(grads['own']!, grad, 1e-4);
  // Of what is the same there is no gradient, and no division by zero.
  const same = valueAndGrad(
    ({ own }) => ({ value: distance(own!, tensorOf(student)), aux: {} }),
    { own: tensorOf(student) },
    ['own'],
  );
  expect((await same.grads['own']!.data()).every((g) => g === 0)).toBe(true);
});

type Images = Readonly<Record<string, tf.Tensor>>;
const taskOn = (network: Network): Task<Images> => ({
  name: 'small',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images: x }) => ({ images: x! }),
  loss: ({ logits }, { labels_B }) => ({
    loss: crossEntropy(logits as tf.Tensor2D, labels_B as tf.Tensor1D),
  }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
});
const batch = (): Images => ({
  images: tf.tensor(Rng.fromSeed(5).normals(6 * 192, 1), [6, 8, 8, 3]),
  labels_B: tf.tensor1d([0, 1, 0, 0, 1, 0], 'int32'),
});
const seen = [8, 8, 3] as const;
/** A teacher with fresh weights, as they stand in a checkpoint. */
async function teacherOf(name: string, classes = 3): Promise<Teacher> {
  const build = async (pictures: object = {}) =>
    branched(await createTNet(name, { numClasses: 2, ...pictures }));
  const whole = (await build({ numClasses: classes, inputShape: seen })).network;
  const { params } = whole.init(Rng.fromSeed(9));
  const host = Object.entries(await readParams(params)).map(([key, tensor]): [string, HostTensor] => [
    `${key.startsWith('branches.') ? 'branches' : 'params'}/${key}`,
    tensor,
  ]);
  return {
    ...(await build()),
    build: async (pictures) => (await build(pictures)).network,
    read: async () => ({ tensors: Object.fromEntries(host), where: 'teacher' }),
  };
}
const widthOf = ({ network, features }: Teacher): number =>
  network.outputs.find(({ name }) => name === features[0])!.shape[0]!;

test.each(['resnet-test', 'resnet-bottleneck-test'])('a step follows what %s says as well', async (name) => {
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const teacher = await teacherOf(name);
  const own = branched(network);
  const width = own.network.outputs.find((one) => one.name === own.features[0])!.shape[0]!;
  const training = cds({}, teacher).open(taskOn(network), { budget: 2, batchesPerEpoch: 1 });
  expect(training.about).toBe(`branches at ${own.features.length} levels, taught by ${teacher.network.name}`);
  const { shapes } = training.sections['branches']!;
  const layers = Object.keys(shapes).filter((one) => one.startsWith('adaptation.'));
  // Features of other widths are taken there by a layer each.
  expect(layers).toHaveLength(width === widthOf(teacher) ? 0 : 2 * own.features.length);
  if (layers.length > 0) expect(shapes['adaptation.1.weight']).toEqual([width, widthOf(teacher)]);

  const rng = Rng.fromSeed(4);
  const state: Sections = { ...network.init(rng.split('network')), ...training.init(rng) };
  const images = batch();
  const ctx = { training: true };
  const start = tf.memory().numTensors;
  const { terms, grads, stats } = await training.step(0, training.rounds[0]!, state, images, ctx);
  const number = async (term: string): Promise<number> => (await terms[term]!.data())[0]!;
  const [loss, data, contrast, soft, apart] = await Promise.all(
    ['loss', 'data', 'contrast', 'teacher', 'distance'].map(number),
  );
  expect(loss).toBeCloseTo(data! + 0.1 * contrast! + soft! + 0.1 * apart!, 4);
  expect(apart).toBeGreaterThan(0);
  for (const layer of layers)
    expect((await grads['branches']![layer]!.data()).some((g) => g !== 0)).toBe(true);
  expect(Object.keys(training.weights(state)).toSorted()).toEqual(
    network.parameters.map((one) => one.name).toSorted(),
  );
  tf.dispose([terms, grads, stats] as unknown as tf.TensorContainer);
  const once = tf.memory().numTensors;
  const again = await training.step(1, training.rounds[1]!, state, images, ctx);
  tf.dispose([again.terms, again.grads, again.stats] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(once);
  training.dispose!();
  // Weights that were evaluated stay with their owner, those of the teacher go.
  expect(tf.memory().numTensors - start).toBe(network.parameters.length);
});

test('the loss is that of both, for a teacher that says what the student does', async () => {
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const student = branched(network);
  const options = cdsOptions.parse({});
  const contrasted = contrastiveTask(taskOn(network), student, options);
  const task = taughtTask(contrasted, adapted(student, 999), student, taughtOptions.parse({}));
  expect(adapted(student, 999).features).toEqual(student.features.map((_, i) => `adapted.${i + 1}`));
  expect(task.network.outputs.map(({ name }) => name)).toContain('adapted.1');
  const same = taughtTask(contrasted, student, student, taughtOptions.parse({ weight: 1 }));
  const { params, stats } = student.network.init(Rng.fromSeed(1));
  const images = batch();
  const { outputs } = student.network.forward(
    params,
    stats,
    { images: images['images']! },
    { training: true },
  );
  const told = Object.fromEntries(Object.entries(outputs).map(([name, x]) => [`teacher/${name}`, x]));
  const terms = same.loss(outputs, { ...images, ...told }, { training: true });
  expect((await terms['distance']!.data())[0]).toBeLessThan(1e-4);
  // Its own entropy is left.
  const third = tf.div(tf.slice(outputs['logits']!, 0, 3), 3) as tf.Tensor2D;
  const entropy = tf.mean(tf.neg(tf.sum(tf.mul(tf.softmax(third), tf.logSoftmax(third)), -1)));
  expect((await terms['teacher']!.data())[0]).toBeCloseTo((await entropy.data())[0]!, 5);
});

test('a teacher of other levels, other classes or without branches is refused', async () => {
  const network = await createTNet('resnet-test', { numClasses: 3 });
  const teacher = await teacherOf('resnet-test');
  const fewer: Teacher = { ...teacher, features: teacher.features.slice(1) };
  expect(() => cds({}, fewer).open(taskOn(network), { budget: 1, batchesPerEpoch: 1 })).toThrow(
    expect.objectContaining({ code: 'bad-argument' }),
  );
  const ready = (one: Teacher, numClasses: number) => taught(one, { numClasses, inputShape: seen }).ready();
  await expect(ready(teacher, 4)).rejects.toThrow(/fc\.weight: expected \[\d+, 4\], found \[\d+, 3\]/);
  const { tensors } = await teacher.read();
  const bare = Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith('branches/')));
  const read = async () => ({ tensors: bare, where: 'run' });
  await expect(ready({ ...teacher, read }, 3)).rejects.toMatchObject({
    code: 'network-mismatch',
    message: expect.stringMatching(/branches\.1\S+: missing/) as string,
  });
});
