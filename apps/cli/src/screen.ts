// Where a command writes: lines that stay, and on a terminal one live line below them.

import { printable } from '@ma-net/core';
import { type Out, painted } from './paint.ts';

export interface Screen {
  /** Whether there is a terminal to keep a live line on. */
  readonly live: boolean;
  line(text?: string): void;
  /** A line that stands out, where colours can be shown. */
  heading(text: string): void;
  /** Replaces the live line; does nothing where there is no terminal. */
  update(text: string): void;
  /** Removes the live line. */
  clear(): void;
}

export function createScreen(out: Out = process.stdout): Screen {
  const live = out.isTTY === true && process.env['TERM'] !== 'dumb';
  let showing = false;
  const clear = (): void => {
    if (showing) out.write('\r\x1b[2K');
    showing = false;
  };
  const write = (text: string): void => {
    clear();
    out.write(`${text}\n`);
  };
  // Names of files, classes and devices are in these lines, so all of them are cleaned here.
  const line = (text = ''): void => write(printable(text));
  return {
    live,
    line,
    heading: (text) => write(painted('bold', printable(text), out)),
    update(text) {
      if (!live) return;
      // One column stays free: a full line would wrap, and could not be erased.
      out.write(`\r\x1b[2K${printable(text).slice(0, (out.columns ?? 80) - 1)}`);
      showing = true;
    },
    clear,
  };
}

/** Tells what a person should know about what was found, on stderr. */
export function warn(words: string): void {
  createScreen(process.stderr).line(words);
}
