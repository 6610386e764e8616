// Processes under a launcher of MPI, for tests.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mpirun } from './equipment.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ENVIRONMENT = {
  // In a container there is no other user.
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  // More ranks than cores, not bound to any: those that wait let the others go on.
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_hwloc_base_binding_policy: 'none',
  OMPI_MCA_mpi_yield_when_idle: '1',
};

/** Runs `node ...args` on `size` ranks to its end; ends it after `seconds`. */
export function underMpi(
  size: number,
  args: readonly string[],
  { env = {}, cwd, seconds = 120 }: { env?: Record<string, string>; cwd?: string; seconds?: number } = {},
): Promise<Ended> {
  // Launchers that start at the same time fall over each other's folder.
  const own = mkdtempSync(join(tmpdir(), 'mpi-'));
  const places = { OMPI_MCA_orte_tmpdir_base: own, PRTE_MCA_prte_tmpdir_base: own };
  return new Promise((resolve) => {
    const options = {
      env: { ...process.env, ...ENVIRONMENT, ...places, ...env },
      timeout: 1000 * seconds,
      maxBuffer: 1 << 26,
      ...(cwd === undefined ? {} : { cwd }),
    };
    const given = ['-n', String(size), process.execPath, ...args];
    execFile(mpirun!, given, options, (error, stdout, stderr) => {
      rmSync(own, { recursive: true, force: true });
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
