// What a person sees when something is refused or fails: the message, and no stack unless asked for.

import { stripVTControlCharacters } from 'node:util';
import type { MaNetError } from '@ma-net/core';
import type { CommanderError } from 'commander';
import { painted } from './paint.ts';

/** Exit codes of the command: 0 done, and these. */
export const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Prints an error on stderr: our own with their code, unexpected ones with what to do about them. */
export function reportError(error: unknown, { debug }: { readonly debug: boolean }): void {
  if (isCommanderError(error)) return; // Commander has printed it.
  process.stderr.write(`${describeError(error)}\n`);
  if (debug) process.stderr.write(`\n${stackOf(error)}\n`);
}

/** The exit code that tells a script what happened. */
export function exitCodeOf(error: unknown): number {
  if (!isCommanderError(error)) return EXIT.failed;
  return error.exitCode === 0 ? 0 : EXIT.usage;
}

function describeError(error: unknown): string {
  if (isMaNetError(error)) return `${label(error.code)} ${error.message}`;
  const whole = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
  const message = whole.length > LONGEST ? `${whole.slice(0, LONGEST)} ...` : whole;
  if (isSystemError(error)) {
    return `${label('file-failed')} ${message}\n  hint: the system refused this; mend it there, then run the command again.`;
  }
  return [
    `${label('unexpected')} ${message}`,
    '  hint: manet did not expect this. Run the command again with --debug to see where it comes from.',
  ].join('\n');
}

/** Characters of a message that was not made for people; it may hold all that was read. */
const LONGEST = 2000;

/** A file, a socket or a process that the system refused, and that nobody on the way had a better word for. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && 'syscall' in error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code))
  );
}

function label(code: string): string {
  return painted('red', `error [${code}]:`, process.stderr);
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${stackOf(error.cause)}`;
}

// By name, because importing the classes would load tfjs before the first letter of --help.
function isMaNetError(error: unknown): error is MaNetError {
  return error instanceof Error && error.name === 'MaNetError';
}

function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}
