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
