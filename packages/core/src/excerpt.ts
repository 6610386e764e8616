import { printable } from './printable.ts';

/** A value from a file as it may stand in a message: as JSON, printable, and short whatever it is. */
export function excerpt(value: unknown, longest = 100): string {
  let text: string;
  try {
    // Of a long string only the beginning is written, so that its quotes are closed.
    const whole = typeof value !== 'string' || value.length <= longest;
    text = whole
      ? (JSON.stringify(value) ?? String(value))
      : `${JSON.stringify(value.slice(0, longest))} ... (${value.length - longest} more characters)`;
  } catch {
    return 'something that nests without end';
  }
  return typeof value === 'string' ? printable(text) : printable(text, longest);
}
