// Where a command writes: lines that stay, and on a terminal one live line below them.

import { styleText } from 'node:util';

/** A stream that lines are written to; stdout, or a recorder in tests. */
export interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** `text` in a style of `util.styleText` where `out` is a terminal and nobody asked for plain text. */
export function painted(style: 'bold' | 'red', text: string, out: Out): string {
  const plain = out.isTTY !== true || process.env['NO_COLOR'] !== undefined || process.env['TERM'] === 'dumb';
  return plain ? text : styleText(style, text, { validateStream: false });
}

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
  const line = (text = ''): void => {
    clear();
    out.write(`${text}\n`);
  };
  return {
    live,
    line,
    heading: (text) => line(painted('bold', text, out)),
    update(text) {
      if (!live) return;
      // One column stays free: a full line would wrap, and could not be erased.
      out.write(`\r\x1b[2K${text.slice(0, (out.columns ?? 80) - 1)}`);
      showing = true;
    },
    clear,
  };
}
