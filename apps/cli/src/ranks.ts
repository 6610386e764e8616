// The ranks that a launcher such as mpirun started, if one did. No library of MPI is loaded
// by a process that stands alone.

import { availableParallelism } from 'node:os';
import { MaNetError } from '@ma-net/core';
import type { MpiRanks } from '@ma-net/mpi';
import { launched } from '@ma-net/mpi/launched';

export interface Job {
  readonly ranks: MpiRanks;
  /** Threads for each rank of this machine, unless others are asked for. */
  readonly threads: number;
}

/** The job that this process belongs to; undefined where it stands alone. Throws `not-found` where MPI does not load. */
export async function jobOf(env: NodeJS.ProcessEnv = process.env): Promise<Job | undefined> {
  const job = launched(env);
  if (job === undefined) return undefined;
  const { openRanks } = await import('@ma-net/mpi').catch((cause: unknown) => {
    throw new MaNetError(
      'not-found',
      'A launcher of MPI started this process, and @ma-net/mpi does not load.',
      {
        where: `rank ${job.rank} of ${job.size}`,
        hint: 'install manet again; koffi, which calls the library, has to have a build for this machine.',
        cause,
      },
    );
  });
  return { ranks: openRanks(job), threads: Math.max(1, Math.floor(availableParallelism() / job.here)) };
}

/** Milliseconds that another rank leaves rank 0 to say what happened: all of them may have seen it. */
export const FIRST_WORD = 3000;
