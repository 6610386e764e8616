// Where a command writes: lines that stay, and on a terminal one live line below them.

import { printable } from '@ma-net/core';
import { type Out, painted } from './paint.ts';

/** Columns of `out`: of the terminal, or of `COLUMNS`; infinite where lines go to a file or another program. */
export function widthOf(out: Out): number {
  const asked = Number(process.env['COLUMNS']);
  return out.columns ?? (Number.isInteger(asked) && asked >= 20 ? asked : Infinity);
}

/** `text` broken between words where a line is wider than `width`; what follows stands two columns further in. */
export function wrapped(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string {
  if (line.length <= width) return line;
  const indent = /^ */.exec(line)![0];
  const lines: string[] = [];
  let current = indent;
  for (const [piece, word = ''] of line.slice(indent.length).matchAll(/ *(\S+)/g)) {
    if ((current + piece).length <= width || current.trim() === '') current += piece;
    else {
      lines.push(current);
      current = `${indent}  ${word}`;
    }
  }
  return [...lines, current].join('\n');
}

export interface Screen {
  /** Columns that a line may take: tables fit into them. */
  readonly width: number;
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
  const width = widthOf(out);
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
    width,
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
