import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { curvesFigure, type Point, thinned } from './curves.ts';
import { all, parsed } from '../test/parsed.ts';

const line = (values: readonly number[]): Point[] => values.map((value, i) => ({ step: i + 1, value }));
const options = { title: 'Loss', y: 'loss' };
const ramp = line([4, 3, 2, 1]);

describe('curvesFigure', () => {
  test('draws the points where they are: a line from the upper left to the lower right', () => {
    const svg = parsed(curvesFigure([{ group: 'a', name: '0', points: ramp }], options));
    const [path] = all(svg, 'g[aria-label="line"] path');
    const points = [...path!.getAttribute('d')!.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    expect(points).toHaveLength(4);
    const [first, second, third, last] = points as [number[], number[], number[], number[]];
    // Equal steps of x and y, y downwards.
    expect(second[0]! - first[0]!).toBeCloseTo(last[0]! - third[0]!, 1);
    expect(second[1]! - first[1]!).toBeCloseTo(last[1]! - third[1]!, 1);
    expect(second[1]!).toBeGreaterThan(first[1]!);
  });

  test('lays groups over each other, and draws the mean of several seeds', () => {
    const curves = [
      { group: 'a', name: '0', points: line([1, 1]) },
      { group: 'a', name: '1', points: line([3, 3]) },
      { group: 'b', name: '0', points: line([5, 5]) },
    ];
    const svg = parsed(curvesFigure(curves, options));
    expect(all(svg, 'g[aria-label="line"]')).toHaveLength(4);
    expect(svg.textContent).toContain('a (2 runs)');
    expect(svg.querySelector('desc')!.textContent).toBe(
      'loss by mini-batch. a: 2.000 at the end, the mean of 2 runs; b: 5.000 at the end.',
    );
  });

  test.each([
    [1, true, ['100']],
    [0.25, false, ['0.250']],
    [0, false, ['0.0']],
  ])('of the one value %d has an axis that can be read', (value, percent, wanted) => {
    const curves = [{ group: 'a', name: '0', points: line([value]) }];
    const svg = parsed(curvesFigure(curves, { ...options, percent }));
    const ticks = all(svg, 'g[aria-label="y-axis tick label"] text').map((text) => text.textContent);
    expect(ticks).toEqual(expect.arrayContaining(wanted));
    expect(ticks.length).toBeGreaterThan(2);
    for (const tick of ticks) expect(tick!.length).toBeLessThan(7);
  });

  test('draws no line over mini-batches in which nothing was measured', () => {
    const points = [1, 2, 3, 20, 21, 22].map((step) => ({ step, value: step }));
    const svg = parsed(curvesFigure([{ group: 'a', name: '0', points }], options));
    const [path] = all(svg, 'g[aria-label="line"] path');
    expect(path!.getAttribute('d')!.match(/M/g)).toHaveLength(2);
    const held = parsed(curvesFigure([{ group: 'a', name: '0', points }], { ...options, held: true }));
    expect(all(held, 'g[aria-label="line"] path')[0]!.getAttribute('d')!.match(/M/g)).toHaveLength(1);
  });

  test('marks the phases of a training, neighbours of a kind as one', () => {
    const phases = [
      { kind: 'plain', from: 1, to: 1 },
      { kind: 'plain', from: 2, to: 2 },
      { kind: 'astrocytes', from: 3, to: 4 },
    ];
    const svg = parsed(curvesFigure([{ group: 'a', name: '0', points: ramp, phases }], options));
    const titles = all(svg, 'g[aria-label="rect"] title').map(({ textContent }) => textContent);
    expect(titles).toEqual(['plain, mini-batches 1 to 2', 'astrocytes, mini-batches 3 to 4']);
    expect(svg.textContent).toContain('astrocytes');
  });

  test('does with nothing, one point, and numbers that are none', () => {
    const odd = {
      group: 'b',
      name: '0',
      points: [
        { step: 1, value: NaN },
        { step: 2, value: 1 },
        { step: 3, value: Infinity },
        { step: Infinity, value: 1 },
      ],
    };
    expect(curvesFigure([], options)).toMatch(/^<svg/);
    const svg = curvesFigure([{ group: 'a', name: '0', points: [] }, odd], options);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(all(parsed(svg), 'circle')).toHaveLength(1);
  });

  test('is the same for the same numbers, and small for many', () => {
    const rng = Rng.fromSeed(1);
    const curves = Array.from({ length: 5 }, (_, i) => ({
      group: `method ${i}`,
      name: '0',
      points: line([...rng.split(String(i)).normals(20_000, 1)]),
    }));
    const svg = curvesFigure(curves, options);
    expect(curvesFigure(curves, options)).toBe(svg);
    expect(svg.length).toBeLessThan(40_000);
  });

  test('keeps what a file calls a group out of the markup', () => {
    const group = '</text></svg><script>alert(1)</script>\u0000&"\'';
    const svg = curvesFigure(
      [
        { group, name: '0', points: ramp },
        { group: 'b', name: '0', points: ramp },
      ],
      {
        title: group,
        y: group,
      },
    );
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u0000');
    expect(all(parsed(svg), 'script')).toEqual([]);
    expect(parsed(svg).querySelector('title')!.textContent).toContain('<script>alert(1)</script>');
  });
});

test('thinned keeps the mean of the numbers and of the steps, for curves of any length', () => {
  const rng = Rng.fromSeed(2);
  for (let i = 0; i < 20; i++) {
    const length = 1 + rng.integer(2000);
    const most = 1 + rng.integer(300);
    const points = line([...rng.normals(length, 1)]);
    const thin = thinned(points, length, most);
    expect(thin.length).toBeLessThanOrEqual(Math.max(most, 1));
    // Bins of equal size are exact; others differ by one point in each.
    const mean = (all: readonly Point[]): number =>
      all.reduce((sum, { value }) => sum + value, 0) / all.length;
    if (length % most === 0 || length <= most) expect(mean(thin)).toBeCloseTo(mean(points), 6);
    expect(thin.every(({ step }, j) => j === 0 || step > thin[j - 1]!.step)).toBe(true);
  }
});
