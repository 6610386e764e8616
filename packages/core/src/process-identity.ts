// Who a process is, so that another process can tell later whether it still runs. Numbers of processes are
// used again, so the time of its start belongs to it; containers count processes of their own. Node only.

import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly host: string;
  /** Where its number counts: the system's, or a container's own; empty where systems have one only. */
  readonly space: string;
  readonly pid: number;
  /** When the system started it, in the system's own words; empty where they cannot be had. */
  readonly started: string;
}

/** Who runs this code. */
export function ownIdentity(): ProcessIdentity {
  own ??= { host: hostname(), space: ownSpace(), pid: process.pid, started: startOf(process.pid) ?? '' };
  return own;
}

let own: ProcessIdentity | undefined;

/** Whether a process still runs; `unknown` for one of another machine or container. */
export function isRunning({ host, space, pid, started }: ProcessIdentity): 'yes' | 'no' | 'unknown' {
  const here = ownIdentity();
  if (host !== here.host) return 'unknown';
  // Another start of the machine: nothing of it is left, whatever counted its processes.
  if (bootOf(started) !== bootOf(here.started)) return 'no';
  if (space !== here.space) return 'unknown';
  const found = startOf(pid);
  if (found === undefined) return 'no';
  return found === '' || started === '' || found === started ? 'yes' : 'no';
}

/**
 * When a process of this machine was started, undefined if none of this number runs: `<boot>/<ticks since>` on
 * Linux, a date elsewhere; empty where the system does not tell.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform === 'win32') return '';
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** `/proc/<pid>/stat` is `pid (name) state ...`, the start its 22nd field; a zombie (Z) has ended. */
function linuxStartOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot()}/${fields[19]}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : '';
  }
}

function boot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function bootOf(started: string): string {
  return started.includes('/') ? started.slice(0, started.indexOf('/')) : '';
}

function ownSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
