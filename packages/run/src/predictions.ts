// What a network says about the test samples, how good that is, and how long it takes to say it.
//
// Suffixes: B batch, K classes.

import { type Batch, evaluate, type Params, settle, sync } from '@ma-net/core';
import type { TrainedNetwork } from '@ma-net/export/node';
import * as tf from '@tensorflow/tfjs-core';
import type { ClosedRun, RunData } from './open.ts';

/** As much of a run as it takes to ask a network about its test samples. */
type Asked<B extends Batch> = Pick<ClosedRun<B>, 'task'> & Pick<RunData<B>, 'evaluationBatches' | 'data'>;

/** The place of the largest number in the network's first output [B, K], for every test sample in order. */
export async function predictions<B extends Batch>(
  trained: TrainedNetwork,
  { task, evaluationBatches, data }: Asked<B>,
): Promise<Int32Array> {
  const classes: number[] = [];
  for await (const batch of evaluationBatches()) {
    const best_B = tf.tidy(() => tf.argMax(firstOutput(trained, task.inputs(batch)), -1));
    classes.push(...(await best_B.data()));
    tf.dispose([batch, best_B] as unknown as tf.TensorContainer);
  }
  // The last batch is filled up.
  return Int32Array.from(classes.slice(0, data.test.samples));
}

/** The task's measures of a network over the test samples: the run's own, or what is left of it. */
export async function testMeasures<B extends Batch>(
  { network, params, stats }: TrainedNetwork,
  { taskOn, evaluationBatches }: Pick<ClosedRun<B>, 'taskOn'> & Pick<RunData<B>, 'evaluationBatches'>,
): Promise<Readonly<Record<string, number>>> {
  const task = taskOn(network);
  const settled = await settle({ network: task.network, params, stats });
  try {
    return await evaluate(task, settled, evaluationBatches());
  } finally {
    settled.release();
  }
}

/** Wall-clock seconds per sample of a forward pass over one evaluation batch: the median of `times`. */
export async function secondsPerImage<B extends Batch>(
  trained: TrainedNetwork,
  { task, evaluationBatches }: Asked<B>,
  times = 7,
): Promise<number> {
  const batch = await first(evaluationBatches());
  const inputs = task.inputs(batch);
  const seconds: number[] = [];
  // One more, and not counted: a backend may compile.
  for (let i = 0; i <= times; i++) {
    const started = performance.now();
    const output = tf.tidy(() => firstOutput(trained, inputs));
    await output.data();
    await sync();
    if (i > 0) seconds.push((performance.now() - started) / 1000);
    output.dispose();
  }
  const [samples] = Object.values(inputs)[0]!.shape;
  tf.dispose(batch as tf.TensorContainerObject);
  return seconds.toSorted((a, b) => a - b)[Math.floor(times / 2)]! / samples!;
}

/** The first of them; the others are not made. */
async function first<B>(batches: Iterable<B> | AsyncIterable<B>): Promise<B> {
  const all = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  const { value } = (await all.next()) as IteratorYieldResult<B>;
  await all.return?.();
  return value;
}

function firstOutput({ network, params, stats }: TrainedNetwork, inputs: Params): tf.Tensor {
  const { outputs } = network.forward(params, stats, inputs, { training: false });
  return outputs[network.outputs[0]!.name]!;
}
