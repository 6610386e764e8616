import { expect, test, vi } from 'vitest';
import { createScreen, widthOf, wrapped } from './screen.ts';

function recorder(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { written, out: { isTTY, columns, write: (text: string) => written.push(text) } };
}

test('a live line is replaced, and never wider than the terminal', () => {
  const { written, out } = recorder(true, 10);
  const screen = createScreen(out);
  screen.update('one');
  screen.update('a line that is too long');
  screen.line('stays');
  screen.clear();
  expect(written).toEqual(['\r\x1b[2Kone', '\r\x1b[2Ka line th', '\r\x1b[2K', 'stays\n']);
});

test('without a terminal there is no live line and no escape', () => {
  const { written, out } = recorder(false);
  const screen = createScreen(out);
  screen.update('one');
  screen.clear();
  screen.line('stays');
  expect(screen.live).toBe(false);
  expect(written).toEqual(['stays\n']);
});

test('headings are bold on a terminal, unless NO_COLOR asks for plain text', () => {
  const heading = (isTTY: boolean): string => {
    const { written, out } = recorder(isTTY);
    createScreen(out).heading('title');
    return written.join('');
  };
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
  expect(heading(true)).toBe('\x1b[1mtitle\x1b[22m\n');
  expect(heading(false)).toBe('title\n');
  vi.stubEnv('NO_COLOR', '1');
  expect(heading(true)).toBe('title\n');
  vi.unstubAllEnvs();
});

test('names cannot command the terminal', () => {
  const { written, out } = recorder(true);
  const screen = createScreen(out);
  screen.line('class \x1b]0;title\x07cat');
  screen.update('\x1b[2Jgone');
  screen.clear();
  expect(written).toEqual(['class \\x1b]0;title\\x07cat\n', '\r\x1b[2K\\x1b[2Jgone', '\r\x1b[2K']);
});

test('the width is that of the terminal, or of COLUMNS; a file has none', () => {
  const out = { write: () => true };
  expect(widthOf({ ...out, columns: 60 })).toBe(60);
  expect(widthOf(out)).toBe(Infinity);
  vi.stubEnv('COLUMNS', '72');
  expect(widthOf(out)).toBe(72);
  expect(widthOf({ ...out, columns: 60 })).toBe(60);
  vi.stubEnv('COLUMNS', 'wide');
  expect(widthOf(out)).toBe(Infinity);
  vi.unstubAllEnvs();
});

test('lines are broken between words, and hang below their beginning', () => {
  expect(wrapped('  parameters  77 754 -> 38 877   (50 %)\nshort', 24)).toBe(
    '  parameters  77 754 ->\n    38 877   (50 %)\nshort',
  );
  expect(wrapped('layer1.0.conv1.weight 4', 10)).toBe('layer1.0.conv1.weight\n  4');
  expect(wrapped('as it is', Infinity)).toBe('as it is');
});
