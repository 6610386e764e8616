// What a report knows of a run, as plain data.

import type { Phase, Point } from './curves.ts';
import type { Gates } from './gates.ts';
import type { KeptRounds, LayerLeft } from './layers.ts';

/** What was read of a run. */
export interface RunRecord {
  /** Where it was read. */
  readonly path: string;
  /** Of its recipe. */
  readonly name: string;
  /** What it has in common with runs of other seeds. */
  readonly group: string;
  readonly seed: number | undefined;
  /** The loss that was minimised, and its other terms, by mini-batch. */
  readonly terms: Readonly<Record<string, readonly Point[]>>;
  /** Measures by what they were taken on, `validation` or `test`, and by name. */
  readonly measures: Readonly<Record<string, Readonly<Record<string, readonly Point[]>>>>;
  /** Part of the connections alive, since they were decided about for the first time. */
  readonly kept: readonly Point[];
  readonly phases: readonly Phase[];
  /** Absent where the run did not tell. */
  readonly rounds?: KeptRounds;
  /** The same of the channels that are read; absent where all of them are, always. */
  readonly channels?: KeptRounds;
  /** What it says about itself: label and text, in order. */
  readonly facts: readonly (readonly [string, string])[];
  /** All of the recipe, as JSON. */
  readonly recipe: string;
  /** The command that trains it again. */
  readonly command: string;
  /** Samples of the test set; absent where the run did not tell. */
  readonly samples?: number;
  readonly inside?: RunInside;
  /** What could not be found out, as sentences. */
  readonly notes: readonly string[];
}

/** What only its checkpoint tells of a run. */
export interface RunInside {
  /** The measure that runs are compared by. */
  readonly headline: string;
  /** Whether the measure is a part of the samples, each of them right or wrong. */
  readonly proportion: boolean;
  readonly layers: readonly Omit<LayerLeft, 'group'>[];
  /** Absent where the method has no gates. */
  readonly gates?: readonly Gates[];
  /** Parameters of connections that live, and of all else. */
  readonly alive: number;
  /** Parameters that the network stores that is left. */
  readonly parameters: number;
  /** Multiply-accumulates of a sample. */
  readonly macs: number;
  /** Of a sample, on this machine; absent where it was not measured. */
  readonly milliseconds?: number;
}
