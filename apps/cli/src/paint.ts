// Styles, where they can be shown. Loads nothing, so that errors of the command line are told at once.

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
