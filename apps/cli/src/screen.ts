// Where a command writes: lines that stay, and on a terminal one live line below them.

/** A stream that lines are written to; stdout, or a recorder in tests. */
export interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Screen {
  /** Whether there is a terminal to keep a live line on. */
  readonly live: boolean;
  line(text?: string): void;
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
  return {
    live,
    line(text = '') {
      clear();
      out.write(`${text}\n`);
    },
    update(text) {
      if (!live) return;
      // One column stays free: a full line would wrap, and could not be erased.
      out.write(`\r\x1b[2K${text.slice(0, (out.columns ?? 80) - 1)}`);
      showing = true;
    },
    clear,
  };
}
