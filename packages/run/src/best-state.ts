// The best state of a training, by a measure on images that are held out: the last one need not be it.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, MaNetError, parseJson } from '@ma-net/core';
import { readWholeSync, writeFileAtomic } from '@ma-net/core/node';
import { decodeCheckpoint, encodeCheckpoint, type TrainingEvent, type TrainingState } from '@ma-net/trainer';
import { z } from 'zod';
import { BEST, BEST_NOTE } from './checkpoint-files.ts';
import type { MetricLine } from './metrics-file.ts';
import type { OpenRun } from './open.ts';

const bestSchema = z.strictObject({ step: z.int().min(0), value: z.number() });
/** Mini-batches before it, and its measure. */
export type Best = Readonly<z.output<typeof bestSchema>>;

/** The best state that a folder holds, whole; undefined where there is none. Throws `bad-file` for a note that is none. */
export function knownBest(folder: string): Best | undefined {
  const note = join(folder, BEST_NOTE);
  if (!existsSync(note) || !existsSync(join(folder, BEST))) return undefined;
  const hint = 'remove the file; the next evaluation writes it again.';
  const { data } = bestSchema.safeParse(
    parseJson(readFileSync(note), { what: 'The note', where: note, hint }),
  );
  if (data !== undefined) return data;
  throw new MaNetError('bad-file', 'The note says neither when the run was best nor how good.', {
    where: note,
    hint,
  });
}

export interface BestState {
  /** The best since masks changed for the last time; undefined before the first evaluation after that. */
  best(): Best | undefined;
  /** Hears every evaluation; forgets states with other masks. */
  listen(event: TrainingEvent, state: TrainingState): Promise<void>;
  /** Uploads the best state; whoever calls disposes it. */
  load(): TrainingState;
}

/**
 * Keeps the best state of a run in `folder`, as `best.safetensors`. `step` and `metrics`: where the run goes on, and
 * what it has logged until then.
 */
export function bestState<B extends Batch>(
  folder: string,
  open: OpenRun<B>,
  { step, metrics }: { readonly step: number; readonly metrics: readonly MetricLine[] },
): BestState {
  const [file, note] = [join(folder, BEST), join(folder, BEST_NOTE)];
  const { better, measure } = open.task.headline;
  const set = open.data.validation === undefined ? 'test' : 'validation';
  let known = readNote();

  return {
    best: () => known,
    async listen(event, state) {
      if (event.type === 'masks' && event.died + event.revived > 0) forget();
      if (event.type !== 'evaluation' || event.set !== set) return;
      const value = event.measures[measure]!;
      // Of equal ones the later: it was trained for longer.
      if (known !== undefined && (better === 'larger' ? value < known.value : value > known.value)) return;
      // A note without its state would be worse than a state without a note.
      forget();
      await writeFileAtomic(file, await encodeCheckpoint(state, open.source, open.network));
      known = { step: event.step, value };
      await writeFileAtomic(note, `${JSON.stringify(known)}\n`);
    },
    load: () => decodeCheckpoint(readWholeSync(file), open, file).state,
  };

  function forget(): void {
    known = undefined;
    rmSync(note, { force: true });
  }

  /** What an earlier session kept, where the run goes on behind it and with the same masks. */
  function readNote(): Best | undefined {
    const found = knownBest(folder);
    const changed = metrics.reduce(
      (last, line) =>
        line.type === 'masks' && Number(line['died']) + Number(line['revived']) > 0
          ? Math.max(last, line.step)
          : last,
      0,
    );
    return found !== undefined && found.step <= step && found.step >= changed ? found : undefined;
  }
}
