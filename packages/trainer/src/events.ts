import type { Round } from './rounds.ts';

/** What a run tells whoever listens; everything is plain numbers, read back already. */
export type TrainingEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly budget: number;
      readonly rounds: readonly Round[];
    }
  | { readonly type: 'round'; readonly step: number; readonly round: Round }
  | {
      readonly type: 'step';
      /** Mini-batches done. */
      readonly step: number;
      readonly round: Round;
      readonly loss: number;
      readonly learningRate: number;
      /** Wall-clock time of this mini-batch. */
      readonly seconds: number;
    }
  | {
      readonly type: 'masks';
      readonly step: number;
      /** Connections alive, of all; and what changed since the last time. */
      readonly kept: number;
      readonly connections: number;
      readonly died: number;
      readonly revived: number;
      /** Parameters of dead connections. */
      readonly removedParams: number;
    }
  | {
      readonly type: 'evaluation';
      readonly step: number;
      readonly measures: Readonly<Record<string, number>>;
    }
  | { readonly type: 'checkpoint'; readonly step: number }
  | { readonly type: 'end'; readonly step: number; readonly reason: 'budget' | 'interrupted' };

export type Listener = (event: TrainingEvent) => void | Promise<void>;
