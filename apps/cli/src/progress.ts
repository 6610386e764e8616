// What a person who waits for a training sees: a row at every evaluation and, on a terminal, one live line.

import type { EvaluatedSet, TrainingEvent } from '@ma-net/trainer';
import { clock, count, percent } from './quantities.ts';
import type { Screen } from './screen.ts';

export interface ProgressOptions {
  readonly screen: Screen;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly batchSize: number;
  /** The measure that runs are compared by. */
  readonly headline: string;
  /** Where images are held out, rows are of those; `test` unless given. */
  readonly set?: EvaluatedSet;
  /** Part of the connections alive when a resumed run starts; 1 in a new run. */
  readonly kept?: number;
  /** Seconds, from anywhere. */
  readonly now?: () => number;
}

/** Mini-batches that the rate is averaged over. */
const WINDOW = 40;
/** Seconds between two live lines. */
const PAUSE = 0.1;

/** Listens to a training and writes it down. */
export function progress(options: ProgressOptions): (event: TrainingEvent) => void {
  const { screen, epochs, batchesPerEpoch, batchSize, headline, set = 'test' } = options;
  const named = set === 'test' ? headline : `val ${headline}`;
  const row = rowOf(screen.width);
  const now = options.now ?? (() => performance.now() / 1000);
  const times: number[] = [];
  const seen = { budget: 0, step: 0, kept: options.kept ?? 1, died: 0, revived: 0 };
  const losses = { sum: 0, count: 0 };
  let measure: number | undefined;
  let round = '';
  let shown = 0;

  const secondsPerBatch = (): number => (times.at(-1)! - times[0]!) / (times.length - 1);
  const rate = (): string => (times.length < 2 ? '-' : count(batchSize / secondsPerBatch()));
  const left = (): string => (times.length < 2 ? '-' : clock((seen.budget - seen.step) * secondsPerBatch()));
  const loss = (): string => (losses.count === 0 ? '-' : (losses.sum / losses.count).toFixed(3));
  const epoch = (digits: number): string => `${(seen.step / batchesPerEpoch).toFixed(digits)}/${epochs}`;

  return (event) => {
    seen.step = event.step;
    switch (event.type) {
      case 'start':
        seen.budget = event.budget;
        times.push(now());
        for (const warning of event.warnings) screen.line(`  note: ${warning}`);
        screen.heading(row('epoch', 'round', 'loss', named, 'kept', 'died', 'back', 'images/s', 'left'));
        break;
      case 'round':
        round = `${event.round.index} ${event.round.kind}`;
        break;
      case 'masks':
        seen.kept = event.kept / event.connections;
        seen.died += event.died;
        seen.revived += event.revived;
        break;
      case 'step': {
        times.push(now());
        if (times.length > WINDOW) times.shift();
        losses.sum += event.loss;
        losses.count++;
        if (now() - shown < PAUSE) break;
        shown = now();
        const parts = [
          `epoch ${epoch(1)}`,
          `round ${round}`,
          `loss ${loss()}`,
          ...(measure === undefined ? [] : [`${named} ${percent(measure)}`]),
          ...(seen.kept === 1 ? [] : [`kept ${percent(seen.kept, 1)}`]),
          `${rate()} images/s`,
          `${left()} left`,
        ];
        screen.update(`  ${parts.join('  ')}`);
        break;
      }
      case 'evaluation':
        // The test images are looked at once, when all is over, and tell nothing about the training.
        if (event.set !== set) break;
        measure = event.measures[headline]!;
        screen.line(
          row(
            epoch(Number.isInteger(seen.step / batchesPerEpoch) ? 0 : 1),
            round,
            loss(),
            percent(measure),
            percent(seen.kept, 1),
            count(seen.died),
            count(seen.revived),
            rate(),
            left(),
          ),
        );
        Object.assign(losses, { sum: 0, count: 0 });
        Object.assign(seen, { died: 0, revived: 0 });
        break;
      case 'checkpoint':
        break;
      case 'end':
        screen.clear();
        break;
    }
  };
}

/** Columns from the left, negative where text stands left; and those that a narrow screen does without, first to last. */
const WIDTHS = [9, -14, 7, 9, 9, 8, 7, 10, 9];
const DISPENSABLE = [6, 5, 7, 4, 1];

/** Writes rows of as many columns as `width` has room for. */
function rowOf(width: number): (...cells: readonly string[]) => string {
  const shown = new Set(WIDTHS.keys());
  const taken = (): number => [...shown].reduce((sum, i) => sum + Math.abs(WIDTHS[i]!), 0);
  for (const column of DISPENSABLE) if (taken() > width) shown.delete(column);
  return (...cells) =>
    cells
      .flatMap((cell, i) => {
        if (!shown.has(i)) return [];
        return WIDTHS[i]! < 0 ? `  ${cell}`.padEnd(-WIDTHS[i]!) : cell.padStart(WIDTHS[i]!);
      })
      .join('');
}
