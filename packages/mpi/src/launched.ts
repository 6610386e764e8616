// What a launcher says of the process that it started, before any library is loaded.

export interface Launched {
  readonly rank: number;
  readonly size: number;
  /** Ranks on this machine, as far as the launcher tells; 1 unless it does. */
  readonly here: number;
}

/** Rank, size and ranks of the machine, as Open MPI, MPICH and its kin, and Slurm name them. */
const NAMES = [
  ['OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  ['PMI_RANK', 'PMI_SIZE', 'MPI_LOCALNRANKS'],
  ['MV2_COMM_WORLD_RANK', 'MV2_COMM_WORLD_SIZE', 'MV2_COMM_WORLD_LOCAL_SIZE'],
  ['PMIX_RANK', 'SLURM_NTASKS', 'SLURM_NTASKS_PER_NODE'],
] as const;

/** What a launcher of several ranks says in the environment; undefined for a process that stands alone. */
export function launched(env: Readonly<Record<string, string | undefined>>): Launched | undefined {
  for (const [rankName, sizeName, hereName] of NAMES) {
    const [rank, size, here] = [count(env[rankName]), count(env[sizeName]), count(env[hereName])];
    if (rank === undefined || size === undefined || rank >= size) continue;
    return size === 1 ? undefined : { rank, size, here: Math.max(1, Math.min(size, here ?? 1)) };
  }
  return undefined;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
