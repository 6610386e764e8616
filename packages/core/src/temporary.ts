// Names of files that are being written. A name says whose it is and which process made it, so that what a
// killed process left can be told from what another is writing now, and from everybody else's. Node only.

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ownIdentity, startOf } from './process-identity.ts';

/** A new name beside `path`: `.<name>.<machine>-<pid>-<start>-<n>.tmp`. */
export function temporaryFor(path: string): string {
  const { pid, started } = ownIdentity();
  const name = `.${stemOf(path)}.${machine()}-${pid}-${shortened(started)}-${++made}.tmp`;
  return join(dirname(path), name);
}

let made = 0;

/** Removes what processes of this machine that are gone left when they were writing `path`. */
export function removeLeftovers(path: string): Promise<void> {
  const stem = stemOf(path);
  return removeLeftoversIn(dirname(path), (name) => name === stem);
}

/** The same for every file of a folder whose name is one that `belongs`. */
export async function removeLeftoversIn(folder: string, belongs: (name: string) => boolean): Promise<void> {
  for (const temporary of await readdir(folder).catch(() => [])) {
    const { name, machine: made, pid, started } = TEMPORARY.exec(temporary)?.groups ?? {};
    if (made !== machine() || !belongs(name!) || !isGone(Number(pid), started!)) continue;
    await rm(join(folder, temporary), { force: true }).catch(() => undefined);
  }
}

/** Whether a file has a name that is made here, whoever made it. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

const TEMPORARY = /^\.(?<name>.+)\.(?<machine>[0-9a-f]{8})-(?<pid>\d+)-(?<started>[0-9a-f]{12})-\d+\.tmp$/;

/** A process that got the number of the maker since has another start. */
function isGone(pid: number, started: string): boolean {
  const found = startOf(pid);
  return found === undefined || shortened(found) !== started;
}

/** The name of the file, or what stands for it where nothing could be added to it. */
function stemOf(path: string): string {
  const name = basename(path);
  return Buffer.byteLength(name) <= LONGEST_STEM ? name : digest(name).slice(0, 32);
}

/** File systems allow names of 255 bytes. */
const LONGEST_STEM = 180;

function machine(): string {
  const { host, space } = ownIdentity();
  return digest(`${host}\n${space}`).slice(0, 8);
}

function shortened(started: string): string {
  return digest(started).slice(0, 12);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
