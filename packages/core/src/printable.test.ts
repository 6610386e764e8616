import { expect, test } from 'vitest';
import { MaNetError } from './errors.ts';
import { printable } from './printable.ts';

test.each([
  ['a title', 'cat\x1b]0;owned\x07', 'cat\\x1b]0;owned\\x07'],
  ['a line that is taken back', 'cat\rdog\b', 'cat\\x0ddog\\x08'],
  ['C1, which some terminals obey', '\x9b31m', '\\x9b31m'],
  ['reversed direction', 'exe.\u202egnp', 'exe.\\u202egnp'],
  ['words of any language', 'Katze, 猫, قطة, 🐈\u200d⬛', 'Katze, 猫, قطة, 🐈\u200d⬛'],
  ['lines and tables', 'a\tb\nc', 'a\tb\nc'],
])('shows %s', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('counts what it leaves out', () => {
  expect(printable('abcdef', 6)).toBe('abcdef');
  expect(printable('abcdef', 4)).toBe('abcd ... (2 more characters)');
});

test('no message obeys the file that it tells of, or is as long', () => {
  const text = `\x1b[2J${'x'.repeat(1_000_000)}`;
  const { message } = new MaNetError('bad-file', text, { where: text, hint: text });
  expect(message).not.toContain('\x1b');
  expect(message.length).toBeLessThan(13_000);
});
