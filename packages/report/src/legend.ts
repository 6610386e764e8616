// What a figure's colours and dashes mean.

import { colour } from './theme.ts';

/** What there is of an element of any document. */
export interface Drawn {
  setAttribute(name: string, value: string): void;
  append(...children: (Drawn | string)[]): void;
  querySelectorAll(selector: string): Iterable<Drawn>;
  remove(): void;
  readonly outerHTML: string;
}

/** Draws an element of SVG. */
export type Draw = (
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: (Drawn | string)[]
) => Drawn;

export interface Key {
  readonly name: string;
  /** Of its mark, where that is wider than 18. */
  readonly width?: number;
  /** Draws it, 12 high. */
  mark(draw: Draw): Drawn;
}

/** A key that is a line, as its series is drawn. */
export function lineKey(name: string, stroke: string, dash: string): Key {
  const look = dash === '' ? {} : { 'stroke-dasharray': dash };
  return { name, mark: (draw) => draw('path', { d: 'M0 6H18', stroke, 'stroke-width': 2.5, ...look }) };
}

/** A key that is a box of colour. */
export function boxKey(name: string, fill: string): Key {
  const box = { x: 2, y: 0, width: 14, height: 12, rx: 2, fill, stroke: colour('line') };
  return { name, mark: (draw) => draw('rect', box) };
}
