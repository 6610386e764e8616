import { expect, test } from 'vitest';
import { table } from './table.ts';

test('the first column stands left, the others right, as wide as they must be', () => {
  const lines = table(
    ['', 'top1'],
    [
      ['baseline', '9 %'],
      ['MA-Net', '100.5 %'],
    ],
  );
  expect(lines).toEqual(['               top1', '  baseline      9 %', '  MA-Net    100.5 %']);
});

test('where it does not fit, rows are blocks', () => {
  const rows = [
    ['baseline', '9 %', '7.1 s'],
    ['  pruned', '100.5 %', ''],
  ];
  const narrow = [
    '  baseline',
    '    top1      9 %',
    '    training  7.1 s',
    '    pruned',
    '    top1      100.5 %',
  ];
  expect(table(['', 'top1', 'training'], rows, 28)).toEqual(narrow);
  expect(table(['', 'top1', 'training'], rows, 29)).toHaveLength(3);
});
