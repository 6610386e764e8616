import { describe, expect, test } from 'vitest';
import { all, parsed } from '../test/parsed.ts';
import { methodsFigure, methodsTable, type MethodRow } from './methods.ts';

const rows: readonly MethodRow[] = [
  {
    group: 'plain',
    runs: 5,
    value: 0.97,
    interval: [0.966, 0.974],
    over: 'seeds',
    alive: 30_000,
    parameters: 80_000,
    macs: 1e6,
    milliseconds: 0.5,
  },
  {
    group: '<img src=x onerror=alert(1)>',
    runs: 1,
    value: 0.5,
    interval: [0.48, 0.52],
    over: 'samples',
    parameters: 40_000,
  },
  { group: 'unmeasured', runs: 1, value: 0.25 },
];

describe('methodsTable', () => {
  const html = methodsTable(rows, { measure: 'top1', device: 'a <machine>' });

  test('has a row for each method', () => {
    const cells = all(parsed(html), 'tbody tr').map((row) =>
      all(row, 'th,td').map(({ textContent }) => textContent),
    );
    expect(cells[0]).toEqual([
      'plain',
      '5',
      '97.00 %',
      '96.60 % to 97.40 %',
      '30,000',
      '80,000',
      '1,000,000',
      '0.500',
    ]);
    expect(cells[1]).toEqual([
      '<img src=x onerror=alert(1)>',
      '1',
      '50.00 %',
      '48.00 % to 52.00 % *',
      '–',
      '40,000',
      '–',
      '–',
    ]);
    expect(cells[2]).toEqual(['unmeasured', '1', '25.00 %', '–', '–', '–', '–', '–']);
  });

  test('is markup of ours alone', () => {
    expect(html).not.toMatch(/<img|<machine/);
  });
});

test('methodsFigure draws the interval around the measure', () => {
  const svg = parsed(methodsFigure(rows, { measure: 'top1' }));
  const [line] = all(svg, 'g[aria-label="rule"] line');
  const [dot] = all(svg, 'g[aria-label="dot"] circle');
  const y = (name: string): number => Number(line!.getAttribute(name));
  expect((y('y1') + y('y2')) / 2).toBeCloseTo(Number(dot!.getAttribute('cy')), 1);
  expect(all(svg, 'g[aria-label="dot"] circle')).toHaveLength(2);
  expect(methodsFigure([], { measure: 'top1' })).toMatch(/^<svg/);
});
