import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { all, parsed } from '../test/parsed.ts';
import { gateHistograms, type Gates, gatesFigure, kernelMapFigure, modulationOf } from './gates.ts';

const random = (seed: number, pre: number, post: number): Gates => {
  const rng = Rng.fromSeed(seed);
  const gates = Float32Array.from({ length: pre * post }, () =>
    rng.integer(4) === 0 ? 0 : rng.uniform() * 2,
  );
  return { layer: `layer${seed}.weight`, pre, post, gates };
};

describe('gateHistograms', () => {
  test('counts every connection once: those that live in bins, those that are dead beside', () => {
    for (let seed = 0; seed < 10; seed++) {
      const kernels = [random(seed, 7, 5), random(seed + 100, 3, 11)];
      const histograms = gateHistograms(kernels, 1 + (seed % 6));
      for (const [i, { counts, dead }] of histograms.entries()) {
        const { gates } = kernels[i]!;
        expect(dead).toBe([...(gates as Float32Array)].filter((gate) => gate === 0).length);
        expect(counts.reduce((a, b) => a + b, dead)).toBe(gates.length);
      }
      expect(new Set(histograms.map(({ from, to }) => `${from} ${to}`)).size).toBe(1);
    }
  });

  test('puts a gate into its bin, the largest into the last', () => {
    const [one] = gateHistograms([{ layer: 'a', pre: 1, post: 5, gates: [0, 1, 1.4, 1.6, 2] }], 2);
    expect(one).toEqual({ layer: 'a', dead: 1, counts: [2, 2], from: 1, to: 2 });
  });

  test('does with gates that are all alike, all dead, or none', () => {
    expect(
      gateHistograms([{ layer: 'a', pre: 1, post: 2, gates: [1, 1] }])[0]!.counts.reduce((a, b) => a + b),
    ).toBe(2);
    expect(gateHistograms([{ layer: 'a', pre: 1, post: 2, gates: [0, 0] }])[0]).toMatchObject({
      dead: 2,
      from: 0,
      to: 1,
    });
    expect(gateHistograms([])).toEqual([]);
  });
});

describe('gatesFigure', () => {
  test('has an outline for every layer, as high as its fullest bin', () => {
    const histograms = gateHistograms(
      [{ layer: 'a', pre: 1, post: 7, gates: [0, 1, 1.1, 1.4, 1.6, 1.7, 2] }],
      2,
    );
    const svg = parsed(gatesFigure(histograms));
    const [path] = all(svg, 'g[aria-label="area"] path');
    expect(path!.textContent).toBe('a: 6 live, most around 1.3; 1 dead');
    const d = path!.getAttribute('d')!;
    const base = Math.max(...[...d.matchAll(/[\d.]+,([\d.]+)/g)].map(([, y]) => Number(y)));
    const heights = [...d.slice(0, d.indexOf('L', d.length / 2)).matchAll(/[\d.]+,([\d.]+)/g)].map(
      ([, y]) => base - Number(y),
    );
    // Three of each: both bins are the fullest.
    expect(Math.max(...heights)).toBeCloseTo(heights[0]!, 2);
    expect(all(svg, 'g[aria-label="area"] path')).toHaveLength(1);
  });

  test('tells dead ones apart, and does with nothing', () => {
    const svg = parsed(
      gatesFigure(gateHistograms([{ layer: 'a', pre: 1, post: 5, gates: [0, 1, 1.4, 1.6, 2] }])),
    );
    expect(svg.querySelector('desc')!.textContent).toContain('a: 4 live');
    expect(gatesFigure([])).toMatch(/^<svg/);
  });
});

test('modulationOf is the mean distance from a gate of 1', () => {
  expect(modulationOf({ layer: 'a', pre: 1, post: 4, gates: [0, 1, 1.5, 0.5] })).toBe(0.5);
  expect(modulationOf({ layer: 'a', pre: 0, post: 0, gates: [] })).toBe(0);
});

describe('kernelMapFigure', () => {
  /** Cells that the paths of a map cover. */
  const area = (d: string): number =>
    [...d.matchAll(/h(\d+)v1/g)].reduce((sum, [, width]) => sum + Number(width), 0);

  test('maps the most modulated kernels, every cell once', () => {
    const flat: Gates = { layer: 'flat', pre: 4, post: 4, gates: new Array<number>(16).fill(1) };
    const svg = parsed(kernelMapFigure([flat, random(1, 8, 6), random(2, 90, 5)], 2));
    expect(svg.textContent).not.toContain('flat');
    const covered = all(svg, 'g[transform]').flatMap((map) => {
      const cells = all(map, 'path[transform]');
      return cells.length === 0 ? [] : [cells.reduce((sum, path) => sum + area(path.getAttribute('d')!), 0)];
    });
    // 8 by 6, and 90 by 5 as means of 3 by 3.
    expect(covered.filter((n) => n === 48 || n === 60).sort()).toEqual([48, 60]);
  });

  test('does with no kernels and with dead ones', () => {
    expect(kernelMapFigure([])).toMatch(/^<svg/);
    expect(kernelMapFigure([{ layer: 'a', pre: 1, post: 2, gates: [0, 0] }])).not.toContain('NaN');
  });
});
