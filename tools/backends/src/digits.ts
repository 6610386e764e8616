// The program: twenty mini-batches of a MA-Net on the embedded digits, through every kind of round.

import { findRecipe, ourParts as installed } from '@ma-net/recipes';
import { override } from '@ma-net/run';
import { openRun, type OpenRun, runOf } from '@ma-net/run/node';
import { decodeCheckpoint, disposeState, encodeCheckpoint, fit, type TrainingState } from '@ma-net/trainer';

export const STEPS = 20;

/** Opens it anew: the data begins at the first mini-batch. */
export async function openDigits(): Promise<OpenRun> {
  // Four mini-batches an epoch, five epochs: plain, astrocytes, neurons with pruned connections.
  const images = ['data.trainLimit=32', 'data.validation=0', 'data.testLimit=8'];
  const changes = ['batchSize=8', ...images, 'epochs=5'];
  const network = ['method.select.outputs=false', 'method.prune.removeModulated=0.5'];
  const rounds = ['method.plainRounds=1', 'method.astrocyteIterations=2', 'method.refresh=2'];
  const recipe = await override(findRecipe('digits'), [...changes, ...network, ...rounds], installed);
  return openRun(recipe, installed);
}

export interface Session {
  /** Bytes to begin from; the beginning unless given. */
  readonly checkpoint?: Uint8Array;
  /** The step after which it stops, to be resumed. */
  readonly until?: number;
  /** Mini-batches between two checkpoints. */
  readonly saveEvery?: number;
  readonly onStep?: (step: number) => void;
}

export interface Outcome {
  /** The loss of each mini-batch of this session, by the number of steps after it. */
  readonly losses: ReadonlyMap<number, number>;
  /** Kinds of rounds that were seen. */
  readonly kinds: ReadonlySet<string>;
  /** What was saved, by step. */
  readonly checkpoints: ReadonlyMap<number, Uint8Array>;
}

/** Trains on the current backend. `into` is filled as it goes, for those who want to see a failed session. */
export async function trainDigits(session: Session = {}, into = outcome()): Promise<Outcome> {
  const open = await openDigits();
  const { network, source } = open;
  let state: TrainingState;
  if (session.checkpoint === undefined) state = open.start();
  else {
    const checkpoint = decodeCheckpoint(session.checkpoint, open, 'memory');
    ({ state } = checkpoint);
    source.restore(checkpoint.source);
  }
  const stop = new AbortController();
  try {
    await fit({
      ...runOf(open),
      evaluateEvery: STEPS,
      saveEvery: session.saveEvery ?? STEPS,
      state,
      signal: stop.signal,
      save: async (s) => {
        into.checkpoints.set(s.step, await encodeCheckpoint(s, source, network));
      },
      listen: (event) => {
        if (event.type === 'round') into.kinds.add(event.round.kind);
        if (event.type !== 'step') return;
        into.losses.set(event.step, event.loss);
        session.onStep?.(event.step);
        if (event.step === session.until) stop.abort();
      },
    });
  } finally {
    disposeState(state);
  }
  return into;
}

/** An outcome to be filled. */
export function outcome() {
  return {
    losses: new Map<number, number>(),
    kinds: new Set<string>(),
    checkpoints: new Map<number, Uint8Array>(),
  };
}
