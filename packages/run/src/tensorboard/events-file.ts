// `tensorboard/` of a run: what is logged, as files that TensorBoard opens. Each session writes a file of its own, which
// begins by saying from which mini-batch on it counts: nothing that was written is ever changed, so that a killed run
// leaves what can be read.

import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ModulatedKernel } from '@ma-net/core';
import { fileError, makeFolder } from '@ma-net/core/node';
import type { TrainingEvent } from '@ma-net/trainer';
import { encodeEvent, type Event } from './event.ts';
import { tfRecord } from './record.ts';

/** The folder in a run. */
export const TENSORBOARD = 'tensorboard';

/** Whether a run writes such files. */
export function hasTensorboard(run: string): boolean {
  return existsSync(join(run, TENSORBOARD));
}

/** What listens to a session that begins after mini-batch `step`. `kernels`: the network's, in its order. */
export async function tensorboardListener(
  run: string,
  step: number,
  kernels: readonly Pick<ModulatedKernel, 'param' | 'preNeurons' | 'postNeurons'>[],
): Promise<(event: TrainingEvent) => void> {
  const folder = join(run, TENSORBOARD);
  await makeFolder(folder);
  const started = new Date().getTime();
  // TensorBoard reads files in the order of their names, and knows them by the second word.
  const path = join(folder, `events.out.tfevents.${String(started).padStart(14, '0')}.${step}.ma-net`);
  const began = performance.now();
  const write = (...events: readonly Omit<Event, 'wallTime'>[]): void => {
    const wallTime = (started + performance.now() - began) / 1000;
    try {
      appendFileSync(
        path,
        Buffer.concat(events.map((event) => tfRecord(encodeEvent({ ...event, wallTime })))),
      );
    } catch (error) {
      throw fileError(error, path);
    }
  };
  write({ version: 'brain.Event:2' }, { starts: true, step: step + 1 });
  return (event) => {
    const scalars = scalarsOf(event, kernels);
    if (scalars !== undefined) write({ step: event.step, scalars });
  };
}

/** The numbers of an event, by tag; undefined where it has none. */
function scalarsOf(
  event: TrainingEvent,
  kernels: Parameters<typeof tensorboardListener>[2],
): Readonly<Record<string, number>> | undefined {
  switch (event.type) {
    case 'step':
      return {
        'train/loss': event.loss,
        ...prefixed('train', event.terms),
        ...prefixed('gradient', event.norms),
        'optimizer/learning_rate': event.learningRate,
        'time/seconds': event.seconds,
      };
    case 'evaluation':
      return prefixed(event.set, event.measures);
    case 'masks':
      return {
        'connections/kept': event.kept / event.connections,
        'connections/died': event.died,
        'connections/revived': event.revived,
        ...Object.fromEntries(
          (event.keptByKernel ?? []).flatMap((kept, i) => {
            const kernel = kernels[i];
            if (kernel === undefined) return [];
            return [[`kept/${kernel.param}`, kept / (kernel.preNeurons * kernel.postNeurons)]];
          }),
        ),
      };
    case 'start':
    case 'round':
    case 'checkpoint':
    case 'end':
      return undefined;
  }
}

const prefixed = (prefix: string, numbers: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [`${prefix}/${name}`, value]));
