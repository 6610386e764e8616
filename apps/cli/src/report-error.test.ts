import { MaNetError } from '@ma-net/core';
import { CommanderError } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { exitCodeOf, reportError } from './report-error.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function reported(error: unknown, debug = false): string {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  reportError(error, { debug });
  return text;
}

test('our own errors show code, message, place and hint, and nothing else', () => {
  const error = new MaNetError('bad-data', 'Too short.', { where: 'a.bin', hint: 'copy it again.' });
  expect(reported(error)).toBe('error [bad-data]: Too short.\n  at a.bin\n  hint: copy it again.\n');
  expect(exitCodeOf(error)).toBe(1);
});

test('--debug adds the stacks of the error and of its cause', () => {
  const error = new MaNetError('disk-full', 'Full.', { cause: new Error('ENOSPC') });
  expect(reported(error, true)).toMatch(/at [^]*report-error\.test\.ts[^]*caused by Error: ENOSPC\n +at /);
});

test('what nobody expected says so, and where to look', () => {
  expect(reported(new TypeError('x is not a function'))).toMatch(
    /^error \[unexpected\]: x is not a function\n {2}hint: .*--debug.*\n$/,
  );
  expect(exitCodeOf('thrown text')).toBe(1);
});

test('what the system refused is no surprise, and no message is as long as what was read', () => {
  const refused = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
  expect(reported(refused)).toMatch(/^error \[file-failed\]: EIO: i\/o error, read\n {2}hint: /);
  const long = reported(new Error(`\x1b[2J${'x'.repeat(1_000_000)}`));
  expect(long.length).toBeLessThan(2500);
  expect(long).not.toContain('\x1b');
});

test('a wrong command line exits with 2 and help with 0; Commander has said everything', () => {
  const wrong = new CommanderError(1, 'commander.unknownOption', 'unknown option');
  expect(reported(wrong)).toBe('');
  expect(exitCodeOf(wrong)).toBe(2);
  expect(exitCodeOf(new CommanderError(0, 'commander.helpDisplayed', 'help'))).toBe(0);
});
