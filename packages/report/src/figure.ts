// A figure: a plot of Observable Plot below its legend, as one SVG that is named and described for those who hear it.

import * as Plot from '@observablehq/plot';
import { newDocument } from '#document';
import { printable } from './escape.ts';
import { type Draw, type Drawn, type Key } from './legend.ts';
import { colour } from './theme.ts';

export interface FigureOptions {
  /** What it is called. */
  readonly title: string;
  /** What is to be seen, in a sentence or two, for whoever cannot. */
  readonly about: string;
  /** Keys, in rows that begin on lines of their own. */
  readonly legend?: readonly (readonly Key[])[];
  /** Of the plot. Width and style are the figure's. */
  readonly plot: Plot.PlotOptions;
}

/** Narrow enough for a telephone, where it is shown at nine tenths; pages lay several beside each other. */
export const WIDTH = 420;
export const FONT = 12;

const SVG = 'http://www.w3.org/2000/svg';
const HEAD = 26;
const ROW = 18;
const BOX = 18;
const PADDING = 8;

/** Draws it. */
export function figure({ title, about, legend = [], plot }: FigureOptions): string {
  const document = newDocument() as { createElementNS(namespace: string, name: string): Drawn };
  const draw: Draw = (name, attributes, ...children) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.append(...children);
    return element;
  };
  const plotted = Plot.plot({
    document: document as never,
    width: WIDTH,
    className: 'plot',
    style: { background: 'none', fontSize: `${FONT}px`, overflow: 'visible' },
    ...plot,
  }) as unknown as Drawn & { getAttribute(name: string): string };
  // Rules for pages of its own, which are not ours.
  for (const style of plotted.querySelectorAll('style')) style.remove();
  const rows = legend.flatMap(legendRows);
  const top = HEAD + rows.length * ROW;
  const height = top + Number(plotted.getAttribute('height'));
  plotted.setAttribute('y', String(top));
  const keys = rows.flatMap((row, r) =>
    row.map(({ key, x }) =>
      draw(
        'g',
        { transform: `translate(${x},${HEAD + r * ROW})` },
        key.mark(draw),
        draw(
          'text',
          { x: (key.width ?? BOX) + 6, y: 10, fill: 'currentColor', 'font-size': FONT },
          shortened(key.name),
        ),
      ),
    ),
  );
  const whole = draw(
    'svg',
    {
      xmlns: SVG,
      viewBox: `${-PADDING} ${-PADDING} ${WIDTH + 2 * PADDING} ${height + 2 * PADDING}`,
      width: WIDTH + 2 * PADDING,
      height: height + 2 * PADDING,
      role: 'img',
      fill: 'none',
      'font-family': 'system-ui, sans-serif',
      color: colour('ink'),
      style: `color:${colour('ink')};max-width:100%;height:auto`,
    },
    draw('title', {}, title),
    draw('desc', {}, about),
    draw('text', { y: 15, fill: 'currentColor', 'font-size': 14, 'font-weight': 600 }, shortened(title)),
    ...keys,
    plotted,
  ).outerHTML;
  return printable(rounded(whole));
}

/** Hundredths of a unit are enough: longer numbers of attributes are half of a figure's size. */
function rounded(markup: string): string {
  return markup.replace(/="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{3,}/g, (number) => String(Math.round(100 * Number(number)) / 100)),
  );
}

const MOST = 48;

/** Names may be of any length, and figures are not. */
export function shortened(name: string, most = MOST): string {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join('')}…`;
}

interface Placed {
  readonly key: Key;
  readonly x: number;
}

/** Keys beside each other, as many as there is room for. */
function legendRows(keys: readonly Key[]): Placed[][] {
  const rows: Placed[][] = [];
  let x = WIDTH;
  for (const key of keys) {
    const width = (key.width ?? BOX) + 6 + shortened(key.name).length * FONT * 0.56 + 14;
    if (x + width > WIDTH) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)!.push({ key, x });
    x += width;
  }
  return rows;
}
