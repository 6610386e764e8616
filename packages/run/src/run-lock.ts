// One writer a run. Each writer keeps a file in the run that says who it is; nobody writes who sees another's.
//
// A file is made under a name of its own, whole, before its maker looks for others: of two that come at once, at
// least the one that looks last sees the other. Both may, then both go back, wait for a moment each and try again.
// A name is never used twice, so that what a dead process left can be removed by anybody at any time.

import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MaNetError } from '@ma-net/core';
import { fileError, isRunning, ownIdentity, writeFileAtomic } from '@ma-net/core/node';
import { z } from 'zod';

export interface RunLock {
  /** Throws `locked` when somebody removed the file to take the run over, `not-found` when the run is gone. */
  check(): void;
  release(): void;
}

const NAME = /^writer-[0-9a-f]{16}\.lock$/;

/** Whether a file of a run's directory is a writer's. */
export function isLockName(name: string): boolean {
  return NAME.test(name);
}

const writerSchema = z.looseObject({
  host: z.string().max(300),
  space: z.string().max(300),
  pid: z.int().min(1),
  started: z.string().max(300),
  since: z.string().max(100),
  /** Whether it has looked, and was alone. */
  writes: z.boolean(),
});
type Writer = z.infer<typeof writerSchema>;

interface Found {
  readonly path: string;
  /** Absent where the file cannot be read. */
  readonly writer: Writer | undefined;
}

const ATTEMPTS = 25;
/** Milliseconds, longer with each attempt. */
const PAUSE = 8;

/**
 * Becomes the writer of the run in `folder`. Throws `locked`, saying who writes it, since when, and what to do
 * if that is over.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = join(folder, `writer-${randomBytes(8).toString('hex')}.lock`);
  const since = new Date().toISOString();
  const write = (writes: boolean): Promise<void> =>
    writeFileAtomic(path, `${JSON.stringify({ ...ownIdentity(), since, writes })}\n`);
  const release = (): void => rmSync(path, { force: true });

  for (let attempt = 1; ; attempt++) {
    try {
      await write(false);
      const others = otherWriters(folder, path);
      if (others.length === 0) {
        await write(true);
        return lockAt(folder, path, release);
      }
      release();
      const writing = others.find(({ writer }) => writer?.writes !== false);
      if (writing !== undefined || attempt === ATTEMPTS) throw locked(folder, writing ?? others[0]!);
    } catch (error) {
      release();
      throw fileError(error, folder);
    }
    await setTimeout(PAUSE * attempt * (randomBytes(1)[0]! / 256));
  }
}

function lockAt(folder: string, path: string, release: () => void): RunLock {
  process.once('exit', release);
  return {
    check() {
      if (existsSync(path)) return;
      if (!existsSync(folder)) {
        throw new MaNetError('not-found', 'The directory of the run is gone.', {
          where: folder,
          hint: 'put it back and continue it with --resume, or start a new run.',
        });
      }
      throw new MaNetError(
        'locked',
        'The run was taken over: the file that made this process its writer is gone.',
        {
          where: path,
          hint: 'nothing more is written here. Let the other one go on, or continue with --resume when it has ended.',
        },
      );
    },
    release() {
      process.off('exit', release);
      release();
    },
  };
}

/** Writers but `own`; the files of those that are known to have ended are removed. */
function otherWriters(folder: string, own: string): Found[] {
  return readdirSync(folder)
    .filter(isLockName)
    .map((name) => join(folder, name))
    .filter((path) => path !== own)
    .flatMap((path): Found[] => {
      const found = read(path);
      if (found === undefined) return [];
      if (found.writer !== undefined && isRunning(found.writer) === 'no') {
        rmSync(path, { force: true });
        return [];
      }
      return [found];
    });
}

/** Undefined where the file is gone by now. */
function read(path: string): Found | undefined {
  try {
    return { path, writer: writerSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return { path, writer: undefined };
  }
}

function locked(folder: string, { path, writer }: Found): MaNetError {
  if (writer === undefined) {
    return new MaNetError('locked', 'Another process may be writing this run; its file cannot be read.', {
      where: path,
      hint: 'if nothing trains this run any more, remove that file and try again.',
    });
  }
  const { pid, host, since } = writer;
  const here = isRunning(writer) === 'yes';
  return new MaNetError('locked', `This run is being written by process ${pid} on ${host}, since ${since}.`, {
    where: folder,
    hint: here
      ? `wait until it has ended, or stop it (kill ${pid}: it saves first), then continue with --resume.`
      : `whether it still runs cannot be told from here. If it does not, remove ${path} and try again.`,
  });
}
