import { describe, expect, test } from 'vitest';
import { all, type Node, parsed } from '../test/parsed.ts';
import { layerName, layersFigure, roundsFigure, scaleKeys } from './layers.ts';
import { scaleColour } from './theme.ts';

const row = (group: string, layer: string, kept: number, units?: number) => ({
  group,
  layer,
  connections: { kept, of: 200 },
  ...(units === undefined ? {} : { units: { kept: units, of: 10 } }),
});

describe('layersFigure', () => {
  const rows = [row('a', 'conv1.weight', 200, 10), row('a', 'fc.weight', 50, 4), row('b', 'fc.weight', 0)];
  const svg = parsed(layersFigure(rows));

  test('has a dot for connections and one for channels, which say how many', () => {
    expect(all(svg, 'circle title').map(({ textContent }) => textContent)).toEqual([
      'a, conv1.weight: 10 of 10 channels',
      'a, fc.weight: 4 of 10 channels',
      'a, conv1.weight: 200 of 200 connections',
      'a, fc.weight: 50 of 200 connections',
      'b, fc.weight: 0 of 200 connections',
    ]);
    expect(svg.querySelector('desc')!.textContent).toContain('a: 250 of 400 connections; b: 0 of 200');
  });

  test('puts them at their part: a quarter is a quarter of the way from none to all', () => {
    const x = (title: string): number => {
      const dot = all(svg, 'g[aria-label="dot"] circle').find((c) => c.textContent.includes(title))!;
      return Number(dot.getAttribute('cx'));
    };
    const [none, quarter, whole] = [x('b, fc.weight: 0 of'), x('50 of 200'), x('200 of 200')];
    expect((quarter - none) / (whole - none)).toBeCloseTo(0.25, 3);
  });

  test('does with no layers and with a layer of nothing', () => {
    expect(layersFigure([])).toMatch(/^<svg/);
    expect(layersFigure([{ group: 'a', layer: 'x', connections: { kept: 0, of: 0 } }])).not.toContain('NaN');
  });
});

const bars = (svg: Node): (string | null)[][] =>
  all(svg, 'g[aria-label="bar"] rect').map((bar) => [bar.textContent, bar.getAttribute('fill')]);

describe('roundsFigure', () => {
  const layers = [
    { layer: 'conv1', of: 10 },
    { layer: 'fc', of: 4 },
  ];

  test('shows the last decision of every round, by how much is left', () => {
    const svg = parsed(
      roundsFigure({
        layers,
        decisions: [
          { round: 3, step: 30, kept: [9, 3] },
          { round: 3, step: 31, kept: [5, 0] },
          { round: 4, step: 40, kept: [10, 1] },
        ],
      }),
    );
    expect(bars(svg)).toEqual([
      ['conv1, round 3: 5 of 10 connections', scaleColour(0.5)],
      ['conv1, round 4: 10 of 10 connections', scaleColour(1)],
      ['fc, round 3: 0 of 4 connections', scaleColour(0)],
      ['fc, round 4: 1 of 4 connections', scaleColour(0.25)],
    ]);
  });

  test('says what it counts', () => {
    const svg = roundsFigure(
      { layers, decisions: [{ round: 1, step: 1, kept: [9, 3] }] },
      'Channels',
      'channels',
    );
    expect(bars(parsed(svg))[0]![0]).toBe('conv1, round 1: 9 of 10 channels');
  });

  test('draws rounds of one level as one', () => {
    const decisions = [500, 480, 470, 100].map((kept, round) => ({ round, step: round, kept: [kept] }));
    const svg = parsed(roundsFigure({ layers: [{ layer: 'a', of: 1000 }], decisions }));
    expect(bars(svg).map(([title]) => title)).toEqual([
      'a, rounds 0 to 2: 500 to 470 of 1,000 connections',
      'a, round 3: 100 of 1,000 connections',
    ]);
  });

  test('leaves rounds out where there are very many, never the last', () => {
    const decisions = Array.from({ length: 500 }, (_, round) => ({
      round,
      step: round,
      kept: [round % 2 === 0 ? 1 : 9, 1],
    }));
    const svg = parsed(roundsFigure({ layers, decisions }));
    expect(bars(svg).length).toBeLessThanOrEqual(48 + 1);
    expect(bars(svg).at(-1)![0]).toContain('to 499');
  });

  test('does with no decision', () => {
    expect(roundsFigure({ layers, decisions: [] })).toMatch(/^<svg/);
  });
});

test('names of layers are short, and their ends are what tells them apart', () => {
  expect(layerName('layer1.0.conv1.weight')).toBe('layer1.0.conv1');
  expect(layerName(`${'deep.'.repeat(20)}last.weight`)).toMatch(/^….{17}last$/u);
});

test('the keys of the scale begin with nothing and end with all', () => {
  expect(scaleKeys('x').map(({ name }) => name)).toEqual(['none', 'x', 'all']);
});
