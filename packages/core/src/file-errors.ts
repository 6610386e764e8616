// What the file system refuses, in our words. Node only.

import { type ErrorCode, MaNetError } from './errors.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const FULL: Refusal = {
  code: 'disk-full',
  message: 'The disk is full; the file was not written.',
  hint: 'what was there before is whole. Free some space and run it again.',
};
const DENIED: Refusal = {
  code: 'no-access',
  message: 'The file or folder may not be used: permission denied.',
  hint: 'check who owns it and its mode, or choose another place.',
};
const EXHAUSTED: Refusal = {
  code: 'file-failed',
  message: 'Too many files are open.',
  hint: 'close other programs, or raise the limit (ulimit -n), and run it again.',
};

const REFUSALS: Readonly<Partial<Record<string, Refusal>>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: { ...FULL, message: 'The file would be larger than the file system or a limit allows.' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    code: 'no-access',
    message: 'The file system is read-only.',
    hint: 'choose a place that can be written, with --out, or copy what you need there.',
  },
  ENOENT: {
    code: 'not-found',
    message: 'There is no such file or folder.',
    hint: 'check the path; the folder of a file to be written must exist.',
  },
  ENOTDIR: {
    code: 'bad-argument',
    message: 'A part of the path is a file, not a folder.',
    hint: 'check the path: only its last name may be a file.',
  },
  EISDIR: {
    code: 'bad-argument',
    message: 'This is a folder; expected a file.',
    hint: 'name a file, in this folder or in another.',
  },
  ENAMETOOLONG: {
    code: 'bad-argument',
    message: 'The name is longer than the file system allows.',
    hint: 'choose a shorter name.',
  },
  ELOOP: {
    code: 'bad-argument',
    message: 'The path leads through links that lead to themselves.',
    hint: 'name the file itself.',
  },
  EMFILE: EXHAUSTED,
  ENFILE: EXHAUSTED,
};

/** `error` in our words if the file system refused `path`; anything else as it is. */
export function fileError(error: unknown, path: string): unknown {
  if (!isSystemError(error)) return error;
  const { code, message, hint } = REFUSALS[error.code] ?? {
    code: 'file-failed',
    message: `The file system refused: ${error.message}.`,
    hint: 'check the disk and that nothing else changes the file, then run it again.',
  };
  return new MaNetError(code, message, { where: path, hint, cause: error });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code));
}
