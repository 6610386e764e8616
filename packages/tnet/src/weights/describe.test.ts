import { expect, test } from 'vitest';
import { describeWeights } from './describe.ts';
import type { WeightReport } from './load.ts';

const whole: WeightReport = {
  format: 'torchvision',
  loaded: 1234567,
  replaced: [],
  renamed: [],
  leftOut: [],
  converted: [],
  verified: true,
};

test('where all fits there is one line', () => {
  expect(describeWeights(whole)).toBe(
    "1 234 567 numbers with torchvision's names, as a digest says that they were written",
  );
});

test('what was not taken as it is has a line of each kind, with a few names', () => {
  const report: WeightReport = {
    ...whole,
    verified: false,
    replaced: [
      { name: 'fc.weight', expected: [10, 512], found: [1000, 512] },
      { name: 'fc.bias', expected: [10] },
    ],
    renamed: ['"module." was left out before 102 names'],
    leftOut: ['optimizer.a', 'optimizer.b', 'optimizer.c', 'optimizer.\u001b[31m'],
    converted: ['BF16', 'F16'],
  };
  expect(describeWeights(report).split('\n')).toEqual([
    "1 234 567 numbers with torchvision's names, without a digest to compare with",
    "  starts afresh: fc.weight [10, 512] (the file's is [1000, 512]); fc.bias [10]",
    '  read under another name: "module." was left out before 102 names',
    '  left out: "optimizer.a"; "optimizer.b"; "optimizer.c"; and 1 more',
    '  made float32: BF16; F16',
  ]);
});
