// Colours of figures, as variables of CSS: light and dark are one drawing. Series differ in their dashes, too, and the
// scale in lightness, so that nobody needs to tell colours apart.

/** Light, then dark. */
type Pair = readonly [string, string];

/** Seven hues that people with any colour vision tell apart (after Okabe and Ito 2008), at 3:1 or more on the paper. */
const series: readonly Pair[] = [
  ['#0072b2', '#56b4e9'],
  ['#c75300', '#ff9e4a'],
  ['#007f5c', '#2ecc9b'],
  ['#a8478c', '#e58bc7'],
  ['#806600', '#e6c229'],
  ['#55606b', '#b4bfca'],
  ['#0e7f8c', '#5ad4e0'],
];

/** Grounds of phases: pale, and read by the strip's words. */
const phases: readonly Pair[] = [
  ['#dfe3e8', '#2d333b'],
  ['#f6d9b8', '#5a3d1c'],
  ['#c4e3d4', '#1c4a38'],
  ['#e3d0ea', '#47305a'],
  ['#f3e6a8', '#50461a'],
  ['#c9e2f3', '#1f4359'],
];

/** From nothing to all, in lightness (after ColorBrewer's Blues). */
const scale: readonly Pair[] = [
  ['#f1f4f8', '#161d26'],
  ['#dbe7f3', '#172c42'],
  ['#bfd6ec', '#163c5f'],
  ['#97c0e1', '#164f7f'],
  ['#68a5d4', '#1f68a3'],
  ['#3f87c2', '#3a87c4'],
  ['#2067ab', '#66aadd'],
  ['#0b4a8f', '#9fcdf0'],
  ['#08306b', '#d6ebfb'],
];

const colours: Readonly<Record<string, Pair>> = {
  ink: ['#1b2026', '#e6edf3'],
  faint: ['#59636e', '#9aa5b1'],
  line: ['#d5dae0', '#343b44'],
  paper: ['#ffffff', '#0f141a'],
  ...Object.fromEntries(series.map((pair, i) => [`series-${i}`, pair])),
  ...Object.fromEntries(phases.map((pair, i) => [`phase-${i}`, pair])),
  ...Object.fromEntries(scale.map((pair, i) => [`scale-${i}`, pair])),
};

const DASHES: readonly string[] = ['', '7 3', '2 3', '9 3 2 3', '4 2'];

/** Levels of the scale from nothing to all. */
export const LEVELS = scale.length;

export const colour = (name: string): string => `var(--${name})`;

/** Of the series number `i`: after seven the colours begin again, with other dashes. */
export const seriesColour = (i: number): string => colour(`series-${i % series.length}`);
export const seriesDash = (i: number): string => DASHES[i % DASHES.length]!;
export const phaseColour = (i: number): string => colour(`phase-${i % phases.length}`);

/** Of a part from 0 to 1. Nothing and all have levels of their own. */
export function scaleColour(part: number): string {
  return colour(`scale-${scaleLevel(part)}`);
}

/** 0 for nothing, `LEVELS - 1` for all, and those between for what lies between. */
export function scaleLevel(part: number): number {
  if (part <= 0) return 0;
  if (part >= 1) return LEVELS - 1;
  return 1 + Math.min(LEVELS - 3, Math.floor(part * (LEVELS - 2)));
}

const declared = (which: 0 | 1): string =>
  Object.entries(colours)
    .map(([name, pair]) => `--${name}:${pair[which]}`)
    .join(';');

/** Style rules that give figures their colours below `selector`: light, and dark where the reader wants it. */
export function themeCss(selector = ':root'): string {
  return `${selector}{${declared(0)}}@media (prefers-color-scheme:dark){${selector}{${declared(1)}}}`;
}

/** How a figure looks that stands alone: as its reader's system does, or always the same. */
export type Theme = 'auto' | 'light' | 'dark';

/**
 * A figure as a file of its own, on its paper. `light` and `dark` hold plain colours, which programs understand that know
 * no variables of CSS; `auto` follows whoever looks at it.
 */
export function standalone(svg: string, theme: Theme = 'auto'): string {
  const paper = '<rect x="-8" y="-8" width="100%" height="100%" fill="var(--paper)"/>';
  const start = svg.indexOf('>') + 1;
  const style = theme === 'auto' ? `<style>${themeCss('svg')}</style>` : '';
  const whole = `${svg.slice(0, start)}${style}${paper}${svg.slice(start)}`;
  if (theme === 'auto') return whole;
  const which = theme === 'light' ? 0 : 1;
  return whole.replace(/var\(--([a-z0-9-]+)\)/g, (text, name: string) => colours[name]?.[which] ?? text);
}
