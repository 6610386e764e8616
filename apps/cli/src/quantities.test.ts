import { expect, test } from 'vitest';
import { changed, clock, count, duration, measured, percent, spread } from './quantities.ts';

test.each([
  [count(77_754), '77 754'],
  [count(999.6), '1 000'],
  [percent(0.9342), '93.42 %'],
  [percent(0.5, 0), '50 %'],
  [measured('top1', 0.9342), '93.42 %'],
  [measured('loss', 0.9342), '0.9342'],
  // 39,611 of 77,754 is 50.94 %, so 49.06 % less.
  [changed(39_611, 77_754), '39 611 (-49.1 %)'],
  [changed(110, 100), '110 (+10.0 %)'],
  [changed(5, 5), '5'],
  // A change that would be written -0.0 % is counted instead.
  [changed(77_753, 77_754), '77 753 (1 fewer)'],
  [changed(3_001_000, 3_000_000), '3 001 000 (1 000 more)'],
  [changed(999_499, 1_000_000), '999 499 (-0.1 %)'],
  [duration(8.34), '8.3 s'],
  [duration(42.4), '42 s'],
  [duration(185), '3 min 05 s'],
  [duration(7_440), '2 h 04 min'],
  [clock(42), '0:42'],
  [clock(725.2), '12:05'],
  [clock(7_441), '2:04:01'],
  [clock(-1), '0:00'],
  [spread(undefined), ''],
  [spread({ runs: 1, mean: 0.5 } as never), '50.00'],
  [spread({ runs: 2, mean: 0.5, sd: 0.01 } as never), '50.00 +- 1.00'],
])('%s', (found, expected) => {
  expect(found).toBe(expected);
});
