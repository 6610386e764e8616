// Photographs with the objects that somebody sees in them, side by side: one SVG that needs no other file.

import { readFileSync } from 'node:fs';
import type { ShownObject } from '@ma-net/core';
import type { Written } from '@ma-net/export/node';
import { decodeMask } from '@ma-net/metrics';
import sharp from 'sharp';
import { percent } from './quantities.ts';

/** An object with a name; without a score it is the truth. */
export type NamedObject = Omit<ShownObject, 'score'> & { readonly name: string; readonly score?: number };

/** A photograph, as a data URL, and what is seen in it. */
export interface Panel {
  readonly href: string;
  readonly height: number;
  readonly width: number;
  readonly objects: readonly NamedObject[];
}

/** The first line of our pictures. */
export const FIRST = '<!-- Written by MA-Net. -->';
/** Below this width no name can be read: smaller photographs are shown larger. */
const NARROWEST = 320;
const GAP = 12;
const TITLE = 28;
const FONT = 14;

/** Files of such pictures, as they are known again: the SVG, and the PNG made of it. */
export const pictureFiles: Written = {
  wrote: (path) => {
    const beginning = readFileSync(path).subarray(0, 400).toString('latin1');
    return beginning.startsWith(FIRST) || beginning.includes(PNG_NOTE);
  },
};
const PNG_NOTE = 'Written by MA-Net';

/** Objects of at least a score, with their names. */
export function namedObjects(
  objects: readonly ShownObject[],
  classNames: readonly string[],
  least: number,
): readonly NamedObject[] {
  return objects
    .filter(({ score }) => score >= least)
    .map((object) => ({ name: classNames[object.label]!, ...object }));
}

/** The SVG of rows of panels under the titles of their columns. */
export async function objectsPicture(
  rows: readonly (readonly Panel[])[],
  titles: readonly string[] = [],
): Promise<string> {
  const columns = Math.max(...rows.map((row) => row.length));
  const scaled = rows.map((row) =>
    row.map((panel) => ({ panel, scale: Math.max(1, Math.ceil(NARROWEST / panel.width)) })),
  );
  const widths = Array.from({ length: columns }, (_, k) =>
    Math.max(...scaled.map((row) => (row[k] === undefined ? 0 : row[k].panel.width * row[k].scale))),
  );
  const heights = scaled.map((row) => Math.max(...row.map(({ panel, scale }) => panel.height * scale)));
  const top = titles.length === 0 ? 0 : TITLE;
  const before = (sizes: readonly number[], k: number): number =>
    sizes.slice(0, k).reduce((sum, size) => sum + size + GAP, 0);
  const [width, height] = [before(widths, columns) - GAP, top + before(heights, rows.length) - GAP];
  const drawn = await Promise.all(
    scaled.flatMap((row, r) =>
      row.map(({ panel, scale }, k) => panelOf(panel, scale, before(widths, k), top + before(heights, r))),
    ),
  );
  const heads = titles.map(
    (title, k) => `<text x="${before(widths, k)}" y="${FONT + 4}" font-weight="600">${escaped(title)}</text>`,
  );
  return [
    FIRST,
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    `  font-family="DejaVu Sans, system-ui, sans-serif" font-size="${FONT}" fill="#111827">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...heads,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** The same picture as a PNG file. */
export function pngOf(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg))
    .png()
    .withExif({ IFD0: { Software: PNG_NOTE } })
    .toBuffer();
}

/** Pixels [height, width, 3] as a data URL. */
export async function hrefOf(data: Uint8Array, height: number, width: number): Promise<string> {
  const png = await sharp(data, { raw: { height, width, channels: 3 } })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

async function panelOf(panel: Panel, scale: number, left: number, top: number): Promise<string> {
  const [w, h] = [panel.width * scale, panel.height * scale];
  const pixelated = scale > 1 ? ' style="image-rendering: pixelated"' : '';
  const masks = panel.objects.some(({ mask }) => mask !== undefined)
    ? [`<image width="${w}" height="${h}"${pixelated} href="${await maskLayer(panel)}"/>`]
    : [];
  // What is surest is drawn last, over the others.
  const objects = [...panel.objects].reverse().map((object) => labelled(object, scale, w, h));
  return [
    `<svg x="${left}" y="${top}" width="${w}" height="${h}">`,
    `<image width="${w}" height="${h}"${pixelated} href="${panel.href}"/>`,
    ...masks,
    ...objects,
    '</svg>',
  ].join('\n');
}

/** All masks in the colours of their classes, half transparent, in a picture of the photograph's size. */
async function maskLayer({ objects, height, width }: Panel): Promise<string> {
  const pixels = new Uint8Array(4 * height * width);
  for (const { mask, label } of [...objects].reverse()) {
    if (mask === undefined) continue;
    const [red, green, blue] = colour(label);
    decodeMask(mask).forEach((inside, i) => {
      if (inside === 1) pixels.set([red, green, blue, 128], 4 * i);
    });
  }
  const png = await sharp(pixels, { raw: { height, width, channels: 4 } })
    .png()
    .toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}

function labelled({ name, score, box, label }: NamedObject, scale: number, w: number, h: number): string {
  const [x0, y0, x1, y1] = box.map((value) => value * scale) as unknown as ShownObject['box'];
  const text = score === undefined ? name : `${name} ${percent(score, 0)}`;
  // About as wide as its letters are in most fonts.
  const [width, height] = [0.62 * FONT * text.length + 6, FONT + 4];
  const [x, y] = [
    Math.max(0, Math.min(x0, w - width)),
    y0 >= height ? y0 - height : Math.min(y0, h - height),
  ];
  const hex = `#${colour(label)
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`;
  const at = (value: number): string => value.toFixed(1);
  return [
    `<rect x="${at(x0)}" y="${at(y0)}" width="${at(x1 - x0)}" height="${at(y1 - y0)}" fill="none" stroke="${hex}" stroke-width="2"/>`,
    `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${height}" fill="${hex}"/>`,
    `<text x="${at(x + 3)}" y="${at(y + FONT)}" fill="#ffffff">${escaped(text)}</text>`,
  ].join('\n');
}

/** A dark colour for each class, neighbours far apart: hues a golden angle from one to the next. */
function colour(label: number): readonly [number, number, number] {
  const hue = ((label * 137.508) % 360) / 60;
  const part = (shift: number): number => {
    const k = (hue + shift) % 6;
    return Math.round(200 - 180 * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [part(5), part(3), part(1)];
}

/** Text as it stands in SVG. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
