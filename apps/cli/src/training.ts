// One training, with everything that listens: the run directory, the screen, and Ctrl-C.

import { setImmediate } from 'node:timers/promises';
import { keptConnections, MaNetError } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import { masksInForce, type OpenRun, type RunWriter, runOf } from '@ma-net/run/node';
import { encodeCheckpoint, fit, type TrainingState } from '@ma-net/trainer';
import { manet } from './command-name.ts';
import { interruptible } from './interrupt.ts';
import { progress } from './progress.ts';
import { count } from './quantities.ts';
import type { Screen } from './screen.ts';

export interface Trained {
  readonly reason: 'budget' | 'interrupted';
  /** Measures of the last evaluation of this session. */
  readonly measures: Readonly<Record<string, number>> | undefined;
  /** Wall-clock seconds of this session. */
  readonly seconds: number;
}

/** Codes of what can go wrong with a machine, and not with a run. */
const TRANSIENT: readonly string[] = [
  'out-of-memory',
  'backend-failed',
  'disk-full',
  'file-failed',
  'no-access',
];

/** Trains from `state` to the end of the budget or to Ctrl-C; what is worth keeping is in the directory then. */
export async function train(
  open: OpenRun,
  directory: RunWriter,
  state: TrainingState,
  screen: Screen,
): Promise<Trained> {
  const started = performance.now();
  const { recipe, network, source, task, batchesPerEpoch } = open;
  const show = progress({
    screen,
    epochs: recipe.epochs,
    batchesPerEpoch,
    batchSize: recipe.batchSize,
    headline: task.headline.measure,
    kept: await keptPart(open, state),
  });
  let reason: Trained['reason'] = 'budget';
  let measures: Trained['measures'];
  let saved: number | undefined;
  try {
    await interruptible(
      () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
      (signal) =>
        fit({
          ...runOf(open),
          state,
          signal,
          save: async (s) => directory.saveCheckpoint(await encodeCheckpoint(s, source, network)),
          async listen(event) {
            // A backend that computes on this thread never lets go of it by itself: without this turn of the
            // event loop nobody would hear Ctrl-C.
            if (event.type === 'step') await setImmediate();
            directory.log(event);
            show(event);
            if (event.type === 'evaluation') ({ measures } = event);
            if (event.type === 'checkpoint') saved = event.step;
            if (event.type === 'end') ({ reason } = event);
          },
        }),
    );
  } catch (error) {
    // What a machine lacked may be there later; a loss that left the numbers would do so again.
    const transient = error instanceof MaNetError && TRANSIENT.includes(error.code);
    if (transient && saved !== undefined) {
      screen.line(`\nEverything up to mini-batch ${saved} is saved.`);
      screen.line(`  continue with: ${manet()} train --resume ${directory.path}`);
    }
    throw error;
  } finally {
    screen.clear();
  }
  return { reason, measures, seconds: (performance.now() - started) / 1000 };
}

/** One line on what is about to be trained. */
export function describeRun({ network, training, data }: OpenRun): string {
  const { total } = countParameters(network);
  const parts = [
    `${network.name}, ${count(total)} parameters`,
    ...(training.about === undefined ? [] : [training.about]),
    `${count(data.train.samples)} training and ${count(data.test.samples)} test samples`,
  ];
  return parts.join('; ');
}

/** Part of the connections alive in a state. */
async function keptPart(open: OpenRun, state: TrainingState): Promise<number> {
  const kernels = keptConnections(open.network, await masksInForce(open, state));
  const sum = (of: (k: (typeof kernels)[number]) => number): number =>
    kernels.reduce((total, k) => total + of(k), 0);
  return sum((k) => k.keptConnections) / sum((k) => k.preNeurons * k.postNeurons);
}
