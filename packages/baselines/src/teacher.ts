// What a student is told by a network that was trained with branches before. Zhang et al. 2022 (arXiv:2207.05306), section 3.4, and
// the authors' program.

import {
  assertSameShapes,
  type Batch,
  crossEntropy,
  defineNetwork,
  type ForwardContext,
  type HostTensor,
  type Net,
  type Network,
  type Op,
  type Params,
  type Task,
  uploadParams,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Branched } from './branches.ts';

/** Below it a row is not made longer, and a distance has no gradient. */
const SHORTEST = 1e-12;

/** What a network classifies. */
export interface Pictures {
  readonly numClasses: number;
  /** [height, width, channels] of one image. */
  readonly inputShape: readonly [number, number, number];
}

/** A network with branches, of any number of classes, whose weights are read when they are first needed. */
export interface Teacher extends Branched {
  /** The same for what the student sees. */
  build(pictures: Pictures): Promise<Network>;
  /** Tensors of a checkpoint, by section and name, and where they were found. */
  read(): Promise<{ readonly tensors: Readonly<Record<string, HostTensor>>; readonly where: string }>;
}

export interface TaughtOptions {
  /** Of the distances of all levels, in the sum. */
  readonly weight: number;
  /** What the logits of both are divided by. */
  readonly temperature: number;
}

/** Names under which a mini-batch carries what the teacher says. */
const said = (name: string): string => `teacher/${name}`;

/**
 * A student's network with branches, made comparable with features of `width`: where its own are of another one, a fully connected
 * layer at every level takes them there. The names of what is compared are `features`.
 */
export function adapted({ network, features }: Branched, width: number): Branched {
  const own = network.outputs.find(({ name }) => name === features[0])!.shape.at(-1)!;
  if (own === width) return { network, features };
  const names = features.map((_, i) => `adapted.${i + 1}`);
  const inputs = Object.fromEntries(network.inputs.map(({ name, shape }) => [name, shape]));
  const program = <V>(net: Net<V>, given: Readonly<Record<string, V>>): Record<string, V> => {
    const values = network.program(net, given) as Record<string, V>;
    const layers = names.map((name, i): [string, V] => [
      name,
      net.dense(`adaptation.${i + 1}`, net.apply(unit, '', [values[features[i]!] as V], null), {
        out: width,
      }),
    ]);
    return { ...values, ...Object.fromEntries(layers) };
  };
  const outputs = [...network.outputs.map(({ name }) => name), ...names];
  const whole = defineNetwork(network.name, inputs, program, { outputs });
  const shapes = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, shape]));
  return { network: whole.resized(shapes), features: names };
}

/** Every row divided by its length. */
const unit: Op<null> = {
  kind: 'baselines.unit',
  describe(on, _, [x]) {
    on.pin(x!);
    return x!;
  },
  execute: (_, __, [x]) => unitRows(x!),
};

const unitRows = (x: tf.Tensor): tf.Tensor =>
  tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), SHORTEST ** 2)));

/** Cross-entropy with what a teacher thinks probable, the logits of both divided by `temperature`: [B, classes]. */
export function softCrossEntropy(student: tf.Tensor, teacher: tf.Tensor, temperature: number): tf.Scalar {
  return tf.tidy(() =>
    crossEntropy(tf.div(student, temperature), tf.softmax(tf.div(teacher, temperature) as tf.Tensor2D)),
  );
}

/** The Euclidean distance of two matrices. */
export function distance(a: tf.Tensor, b: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.maximum(tf.sum(tf.squaredDifference(a, b)), SHORTEST)) as tf.Scalar);
}

/**
 * A task of two views, whose loss a teacher adds to: soft cross-entropy on the first view, and `weight` times the distances of the
 * features of both views at every level. Its mini-batches carry what `Taught.ask` says.
 */
export function taughtTask<B extends Batch>(
  task: Task<B>,
  student: Branched,
  teacher: Branched,
  { weight, temperature }: TaughtOptions,
): Task<B> {
  const areUnit = student.features.some((name) => name.startsWith('adapted.'));
  return {
    ...task,
    network: student.network,
    loss(outputs, batch, ctx) {
      const { loss, ...terms } = task.loss(outputs, batch, ctx);
      const of = (name: string): tf.Tensor => batch[said(name)] as tf.Tensor;
      const images = outputs['logits']!.shape[0]! / 2;
      const first = (x: tf.Tensor): tf.Tensor => tf.slice(x, 0, images);
      const soft = softCrossEntropy(first(outputs['logits']!), first(of('logits')), temperature);
      const apart = student.features.map((name, i) => {
        const own = areUnit ? outputs[name]! : unitRows(outputs[name]!);
        return distance(own, unitRows(of(teacher.features[i]!)));
      });
      const distances = tf.addN(apart) as tf.Scalar;
      const sum = tf.add(tf.add(loss, soft), tf.mul(distances, weight)) as tf.Scalar;
      return { ...terms, loss: sum, teacher: soft, distance: distances };
    },
  };
}

/** What a teacher says of mini-batches. */
export interface Taught {
  /** Reads its weights, if they are not there yet. Throws what `read` throws, and `network-mismatch` for weights of another network. */
  ready(): Promise<void>;
  /** Its logits and features, as entries of a mini-batch, normalised with it; owned by the caller. */
  ask(inputs: Params, ctx: ForwardContext): Params;
  dispose(): void;
}

/** A teacher of students that see these pictures. */
export function taught(teacher: Teacher, pictures: Pictures): Taught {
  let known: { readonly network: Network; readonly params: Params; readonly stats: Params } | undefined;
  return {
    async ready() {
      if (known !== undefined) return;
      const [network, { tensors, where }] = await Promise.all([teacher.build(pictures), teacher.read()]);
      const stats = network.statistics.map(({ name, shape, initial }): [string, tf.Tensor] => [
        name,
        tf.fill([...shape], initial),
      ]);
      const params = uploadParams(weightsOf(network, tensors, where));
      known = { network, params, stats: Object.fromEntries(stats) };
    },
    ask(inputs, ctx) {
      const { network, params, stats } = known!;
      return tf.tidy(() => {
        const { outputs } = network.forward(params, stats, inputs, ctx);
        const names = ['logits', ...teacher.features];
        return Object.fromEntries(names.map((name) => [said(name), outputs[name]!]));
      });
    },
    dispose() {
      if (known !== undefined) tf.dispose([known.params, known.stats] as tf.TensorContainer);
      known = undefined;
    },
  };
}

/** The parameters of a network with branches in a checkpoint. */
function weightsOf(
  { parameters }: Network,
  tensors: Readonly<Record<string, HostTensor>>,
  where: string,
): Record<string, HostTensor> {
  const found = Object.fromEntries(
    parameters.flatMap(({ name }): [string, HostTensor][] => {
      const tensor = tensors[`params/${name}`] ?? tensors[`branches/${name}`];
      return tensor === undefined ? [] : [[name, tensor]];
    }),
  );
  const shapes = (of: readonly (readonly [string, { readonly shape: readonly number[] }])[]) =>
    Object.fromEntries(of.map(([name, { shape }]) => [name, shape]));
  assertSameShapes(
    shapes(parameters.map((one) => [one.name, one])),
    shapes(Object.entries(found)),
    where,
    'name the checkpoint.safetensors of a run of the teacher on the same classes, trained with --method cds.',
  );
  return found;
}
