import { describe, expect, test } from 'vitest';
import { curvesFigure } from './curves.ts';
import { LEVELS, scaleLevel, seriesColour, seriesDash, standalone, themeCss } from './theme.ts';

const [light, dark] = themeCss(':root')
  .split('@media')
  .map((part) =>
    Object.fromEntries(
      [...part.matchAll(/--([a-z0-9-]+):(#[0-9a-f]{6})/g)].map(([, name, hex]) => [name!, hex!]),
    ),
  );

const linear = (hex: string): number[] =>
  [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });

/** WCAG 2.2, relative luminance and contrast ratio. */
const luminance = (hex: string): number => {
  const [r, g, b] = linear(hex) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a: string, b: string): number => {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

describe.each([
  ['light', light!],
  ['dark', dark!],
])('%s', (_, colours) => {
  const { paper, ink, faint } = colours as Record<'paper' | 'ink' | 'faint', string>;

  test('words can be read: 7:1, small ones 4.5:1', () => {
    expect(contrast(ink, paper)).toBeGreaterThan(7);
    expect(contrast(faint, paper)).toBeGreaterThan(4.5);
  });

  test('lines are seen: 3:1', () => {
    const weak = Object.entries(colours).filter(
      ([name, hex]) => name.startsWith('series') && contrast(hex!, paper) < 3,
    );
    expect(weak).toEqual([]);
  });

  test('the scale goes one way in lightness', () => {
    const lights = Array.from({ length: LEVELS }, (__, i) => contrast(colours[`scale-${i}`]!, paper));
    expect(lights).toEqual([...lights].sort((a, b) => a - b));
  });
});

test('levels of the scale: nothing, all, and seven between', () => {
  expect([0, 0.001, 0.5, 0.999, 1, 2, -1].map(scaleLevel)).toEqual([0, 1, 4, 7, 8, 8, 0]);
});

test('the first 35 series differ in colour or in dash', () => {
  const looks = Array.from({ length: 35 }, (_, i) => `${seriesColour(i)} ${seriesDash(i)}`);
  expect(new Set(looks).size).toBe(35);
});

describe('standalone', () => {
  const svg = curvesFigure([{ group: 'var(--ink) a', name: '0', points: [{ step: 1, value: 1 }] }], {
    title: 't',
    y: 'y',
  });

  test('brings its colours, or has none but plain ones', () => {
    expect(standalone(svg)).toContain('prefers-color-scheme');
    for (const theme of ['light', 'dark'] as const) {
      expect(standalone(svg, theme)).not.toMatch(/="[^"]*var\(/);
      expect(standalone(svg, theme)).not.toContain('<style');
    }
  });

  test('is one SVG on its paper', () => {
    expect(standalone(svg)).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*><style>/);
    expect(standalone(svg, 'light').match(/<rect[^>]*fill="#ffffff"/g)).toHaveLength(1);
  });
});
