// The ranks that a launcher such as mpirun started, if one did. MPI is an optional package: nothing of it is loaded, or
// needed, by a process that stands alone.

import { availableParallelism } from 'node:os';
import { MaNetError } from '@ma-net/core';
import type { MpiRanks } from '@ma-net/mpi';

/** Sizes of a job, in the words of launchers. */
const SIZES = ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'MV2_COMM_WORLD_SIZE', 'SLURM_NTASKS'];

export interface Job {
  readonly ranks: MpiRanks;
  /** Threads for each rank of this machine, unless others are asked for. */
  readonly threads: number;
}

/** The job that this process belongs to; undefined where it stands alone. Throws `not-found` where MPI is not installed. */
export async function jobOf(env: NodeJS.ProcessEnv = process.env): Promise<Job | undefined> {
  const size = SIZES.find((name) => Number(env[name]) > 1);
  if (size === undefined) return undefined;
  const { launched, openRanks } = await import('@ma-net/mpi').catch((cause: unknown) => {
    throw new MaNetError(
      'not-found',
      'A launcher of MPI started this process, and @ma-net/mpi is not installed.',
      {
        where: `${size}=${env[size]!}`,
        hint: 'npm i @ma-net/mpi, beside manet.',
        cause,
      },
    );
  });
  const job = launched(env);
  if (job === undefined) return undefined;
  return { ranks: openRanks(job), threads: Math.max(1, Math.floor(availableParallelism() / job.here)) };
}

/** Milliseconds that another rank leaves rank 0 to say what happened: all of them may have seen it. */
export const FIRST_WORD = 3000;
