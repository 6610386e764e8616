// The ranks that a launcher such as mpirun started, if one did. Nothing of MPI is loaded by a
// process that stands alone.

import { availableParallelism } from 'node:os';
import { MaNetError } from '@ma-net/core';
import type { MpiRanks } from '@ma-net/mpi';

export interface Job {
  readonly ranks: MpiRanks;
  /** Threads for each rank of this machine, unless others are asked for. */
  readonly threads: number;
}

/** Which of how many processes of a launcher this is; undefined where it stands alone. Nothing of MPI is loaded. */
export function launchedAs(
  env: NodeJS.ProcessEnv = process.env,
): { readonly rank: number; readonly size: number } | undefined {
  for (const [rank, size] of RANKS) {
    const [own, all] = [Number(env[rank]), Number(env[size])];
    if (env[rank] !== undefined && all > 1 && own < all) return { rank: own, size: all };
  }
  return undefined;
}

const RANKS = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE'],
  ['PMI_RANK', 'PMI_SIZE'],
  ['MV2_COMM_WORLD_RANK', 'MV2_COMM_WORLD_SIZE'],
  ['PMIX_RANK', 'SLURM_NTASKS'],
] as const;

/** The job that this process belongs to; undefined where it stands alone. Throws `not-found` where MPI is not installed. */
export async function jobOf(env: NodeJS.ProcessEnv = process.env): Promise<Job | undefined> {
  const as = launchedAs(env);
  if (as === undefined) return undefined;
  const { launched, openRanks } = await import('@ma-net/mpi').catch((cause: unknown) => {
    throw new MaNetError(
      'not-found',
      'A launcher of MPI started this process, and @ma-net/mpi does not load.',
      {
        where: `rank ${as.rank} of ${as.size}`,
        hint: 'install manet again; koffi, which calls the library, has to have a build for this machine.',
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
