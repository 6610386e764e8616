// What the page shows, as a function of what it was told.

import type { Outcome, Progress, Settings, Strengths } from './messages.ts';

/** One mini-batch of a training, as the curves show it. */
export interface Point {
  readonly step: number;
  readonly top1?: number;
  /** Part of the connections that is alive. */
  readonly kept?: number;
}

export interface State {
  readonly phase: 'idle' | 'running' | 'stopped' | 'done';
  readonly paused: boolean;
  readonly settings?: Settings;
  readonly step: number;
  readonly budget: number;
  /** The method's word for what it is training. */
  readonly round?: string;
  readonly loss?: number;
  readonly secondsPerStep?: number;
  readonly top1?: number;
  readonly kept: number;
  readonly connections: number;
  readonly died: number;
  readonly revived: number;
  readonly strengths?: Strengths;
  /** Decisions about connections so far. */
  readonly changes: number;
  readonly curve: readonly Point[];
  readonly warnings: readonly string[];
  readonly outcome?: Outcome;
  readonly error?: string;
}

export const START: State = {
  phase: 'idle',
  paused: false,
  step: 0,
  budget: 0,
  kept: 0,
  connections: 0,
  died: 0,
  revived: 0,
  changes: 0,
  curve: [],
  warnings: [],
};

export type Told =
  | Progress
  | { readonly type: 'asked'; readonly settings: Settings }
  | { readonly type: 'paused'; readonly paused: boolean }
  | { readonly type: 'stopped' }
  | { readonly type: 'done'; readonly outcome: Outcome }
  | { readonly type: 'failed'; readonly message: string };

export function next(state: State, told: Told): State {
  switch (told.type) {
    case 'asked':
      return { ...START, phase: 'running', settings: told.settings };
    case 'paused':
      return { ...state, paused: told.paused };
    case 'stopped':
      return { ...state, phase: 'stopped', paused: false };
    case 'done':
      return { ...state, phase: 'done', paused: false, outcome: told.outcome };
    case 'failed':
      return {
        ...state,
        phase: state.phase === 'running' ? 'stopped' : state.phase,
        paused: false,
        error: told.message,
      };
    case 'start':
      return { ...state, budget: told.budget, warnings: told.warnings };
    case 'step':
      return { ...state, step: told.step, round: told.phase, loss: told.loss, secondsPerStep: told.seconds };
    case 'strengths':
      return { ...state, strengths: told.strengths };
    case 'accuracy':
      return { ...state, top1: told.top1, curve: [...state.curve, { step: told.step, top1: told.top1 }] };
    case 'masks': {
      const { step, kept, connections, died, revived } = told;
      return {
        ...state,
        ...{ kept, connections },
        died: state.died + died,
        revived: state.revived + revived,
        changes: state.changes + 1,
        curve: [...state.curve, { step, kept: kept / connections }],
      };
    }
  }
}

/** What is going on, in words that change seldom: for who listens instead of looking. */
export function sentence({
  phase,
  paused,
  step,
  budget,
  round,
  top1,
  kept,
  connections,
  outcome,
}: State): string {
  if (phase === 'idle') return 'Nothing is trained yet.';
  if (outcome !== undefined)
    return `Done. ${percent(outcome.after.top1)} of the test digits are right, with ${outcome.after.parameters} of ${outcome.before.parameters} parameters.`;
  if (phase === 'stopped') return 'Stopped.';
  if (paused) return 'Paused.';
  if (budget === 0) return 'Starting.';
  const tenth = Math.floor((10 * step) / budget) * 10;
  const doing = `${tenth} % trained, ${PHASES[round ?? ''] ?? 'starting'}`;
  const accuracy = top1 === undefined ? '' : ` ${percent(top1)} of the test digits are right.`;
  const alive = connections === 0 ? '' : ` ${percent(kept / connections)} of the connections are alive.`;
  return `${doing}.${accuracy}${alive}`;
}

/** What each kind of round does. */
export const PHASES: Readonly<Record<string, string>> = {
  plain: 'the network learns alone',
  astrocytes: 'the astrocytes learn',
  neurons: 'the network learns, modulated',
};

export const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
