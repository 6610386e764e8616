// One training, with everything that listens: the run directory, the screen, and Ctrl-C.

import { keptConnections, MaNetError } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import {
  masksInForce,
  type OpenRun,
  type RunWriter,
  testSet,
  type TrainedRun,
  type TrainOptions,
  trainRun,
} from '@ma-net/run/node';
import type { TrainingEvent, TrainingState } from '@ma-net/trainer';
import { manet } from './command-name.ts';
import { interruptible } from './interrupt.ts';
import { progress } from './progress.ts';
import { count } from './quantities.ts';
import type { Screen } from './screen.ts';

export interface Trained extends TrainedRun {
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
  { listen, ...options }: Pick<TrainOptions, 'tensorboard' | 'ranks' | 'listen'> = {},
): Promise<Trained> {
  const started = performance.now();
  const show = await showing(open, state, screen);
  let saved: number | undefined;
  let trained: TrainedRun;
  try {
    trained = await interruptible(
      () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
      (signal) =>
        trainRun(open, directory, state, {
          ...options,
          signal,
          async listen(event) {
            await listen?.(event);
            show(event);
            if (event.type === 'checkpoint') saved = event.step;
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
  return { ...trained, seconds: (performance.now() - started) / 1000 };
}

/** What shows a training from `state` on. */
export async function showing(
  open: OpenRun,
  state: TrainingState,
  screen: Screen,
): Promise<(event: TrainingEvent) => void> {
  const { recipe, task, batchesPerEpoch } = open;
  return progress({
    screen,
    epochs: recipe.epochs,
    batchesPerEpoch,
    batchSize: recipe.batchSize,
    headline: task.headline.measure,
    set: open.data.validation === undefined ? 'test' : 'validation',
    kept: await keptPart(open, state),
  });
}

/** One line on what is about to be trained. */
export function describeRun({ network, training, data }: OpenRun): string {
  const { total } = countParameters(network);
  const parts = [
    `${network.name}, ${count(total)} parameters`,
    ...(training.about === undefined ? [] : [training.about]),
    samplesOf(data),
  ];
  return parts.join('; ');
}

function samplesOf(data: OpenRun['data']): string {
  const { train, validation, test } = data;
  const named = {
    training: train,
    ...(validation === undefined ? {} : { validation }),
    ...(testSet(data) === 'test' ? { test } : {}),
  };
  const counts = Object.entries(named).map(([name, { samples }]) => `${count(samples)} ${name}`);
  return `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)!} samples`;
}

/** Part of the connections alive in a state. */
async function keptPart(open: OpenRun, state: TrainingState): Promise<number> {
  const kernels = keptConnections(open.network, await masksInForce(open, state));
  const sum = (of: (k: (typeof kernels)[number]) => number): number =>
    kernels.reduce((total, k) => total + of(k), 0);
  return sum((k) => k.keptConnections) / sum((k) => k.preNeurons * k.postNeurons);
}
