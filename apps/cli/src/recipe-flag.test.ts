import { expect, test } from 'vitest';
import { fieldsNamed, insteadOf } from './recipe-flag.ts';

test.each([
  ['--epochs', '3', ['--set epochs=3']],
  ['--batch-size', '8', ['--set batchSize=8']],
  ['--learning-rate', undefined, ['--set optimizer.learningRate=...']],
  ['--verbose', '1', []],
])('%s %s', (flag, value, expected) => {
  expect(fieldsNamed(flag, value)).toEqual(expected);
});

test.each([
  [['train', '--epochs', '3'], '--epochs', '--set epochs=3'],
  [['train', '--epochs=3'], '--epochs', '--set epochs=3'],
  [['train', '--epochs', '--print'], '--epochs', '--set epochs=...'],
])('%j', (argv, flag, expected) => {
  expect(insteadOf(argv, `error: unknown option '${flag}'`)).toContain(expected);
});

test('nothing is said of other commands and other mistakes', () => {
  expect(insteadOf(['eval', '--epochs', '3'], "error: unknown option '--epochs'")).toBeUndefined();
  expect(insteadOf(['train', '--verbose'], "error: unknown option '--verbose'")).toBeUndefined();
  expect(insteadOf(['train'], 'error: too many arguments')).toBeUndefined();
});
