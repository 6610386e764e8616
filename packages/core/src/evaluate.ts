import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import type { HostBatch } from './dataset.ts';
import { lookAt } from './look.ts';
import type { Network } from './network.ts';
import { type Params, readParams } from './params.ts';
import type { Task } from './task.ts';

/**
 * Measures of a task over batches, with running statistics; changes nothing. Disposes each batch. The outputs and
 * what a batch holds beside the network's inputs are read back, and nothing else. `meter` is one of the task's, for who wants
 * to know more of it than its result; `network` is the task's, or the same one settled.
 */
export async function evaluate<B extends Batch>(
  task: Task<B>,
  {
    network = task.network,
    params,
    stats,
  }: { readonly network?: Network; readonly params: Params; readonly stats: Params },
  batches: AsyncIterable<B> | Iterable<B>,
  meter = task.meter(),
): Promise<Readonly<Record<string, number>>> {
  for await (const batch of batches) {
    const owned: Params[] = [batch];
    try {
      const looked = await lookAt(task, { network, params, stats }, batch);
      owned.push(...looked.owned);
      const [read, targets]: [HostBatch, HostBatch] = await Promise.all([
        readParams(looked.outputs),
        readParams(targetsOf(batch, looked.inputs)),
      ]);
      meter.add(task.decode({ ...read, ...looked.decided }, targets), targets);
    } finally {
      tf.dispose(owned as tf.TensorContainer);
    }
  }
  return meter.result();
}

/** What a batch holds beside the network's inputs. */
function targetsOf(batch: Batch, inputs: Batch): Batch {
  const fed = new Set(Object.values(inputs));
  return Object.fromEntries(Object.entries(batch).filter(([, tensor]) => !fed.has(tensor)));
}
