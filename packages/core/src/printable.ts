// Names and values come from files of others. On a terminal some characters are commands: they move the
// cursor, change colours and titles, or turn the direction of what follows.

/**
 * `text` as it may be shown: control characters but line ends and tabs are written as `\x1b` or `\u202e`, and
 * of a longer text than `longest` characters the rest is counted instead.
 */
export function printable(text: string, longest = Number.POSITIVE_INFINITY): string {
  const rest = text.length - longest;
  const shown = rest > 0 ? `${text.slice(0, longest)} ... (${rest} more characters)` : text;
  return shown.replace(COMMANDS, escaped);
}

/** C0 and C1, and marks and overrides of direction. */
const COMMANDS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
