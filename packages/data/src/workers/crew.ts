import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Collate, MaNetError } from '@ma-net/core';
import { Tinypool } from 'tinypool';
import type { Crew } from '../batches/source.ts';
import type { Answer } from './collate-worker.ts';
import { moduleFor } from './module-for.ts';

/**
 * Worker threads that make batches as `collate` does. They end with `close`, and do not keep a process alive that has
 * nothing else to do. `bad-argument` where the number is none, or `collate` cannot be made in another thread.
 */
export function workerCrew<Sample>(collate: Collate<Sample>, workers: number): Crew<Sample> {
  if (!Number.isInteger(workers) || workers < 1 || workers > 256) {
    throw new MaNetError('bad-argument', `${workers} workers cannot be started.`, {
      where: 'workers',
      hint: 'give a whole number from 1 to 256, or do without: 0 makes the batches where they are used.',
    });
  }
  if (collate.remote === undefined) {
    throw new MaNetError(
      'bad-argument',
      'These batches cannot be made by workers: nothing says how a worker makes them.',
      {
        where: 'workers',
        hint: 'give the collate a `remote`, or use 0 workers.',
      },
    );
  }
  const filename = moduleFor('./collate-worker', import.meta.url);
  if (!existsSync(fileURLToPath(filename))) {
    throw new MaNetError('not-found', 'The workers are not built.', {
      where: fileURLToPath(filename),
      hint: 'run `npm run build`; worker threads load JavaScript only.',
    });
  }
  const pool = new Tinypool({
    filename,
    minThreads: workers,
    maxThreads: workers,
    workerData: collate.remote,
    concurrentTasksPerWorker: 1,
    // Flags of a debugger or a test runner are not for them.
    execArgv: [],
  });
  // What is under way when it is closed is wanted by nobody.
  pool.on('error', () => undefined);

  return {
    size: workers,
    async run(job) {
      const answer = (await pool.run(job)) as Answer;
      if ('refused' in answer) throw new MaNetError(answer.refused.code, answer.refused.message);
      return answer.batch;
    },
    close: () => pool.destroy(),
  };
}
