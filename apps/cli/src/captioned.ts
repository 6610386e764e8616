// A photo with what a network says of it, as one SVG that needs no other file: fonts are those of whoever looks at it.

import { decodePhoto } from '@ma-net/data/node';
import type { RankedClass } from '@ma-net/task-classification';
import { escaped, FIRST } from './object-pictures.ts';
import { hrefOfPhoto } from './photo-files.ts';
import { percent } from './quantities.ts';

/** Below this width no caption can be read: smaller photos are shown larger. */
const NARROWEST = 320;
const ROW = 26;
const MARGIN = 10;

/** The SVG of a photo over its classes, each with a bar of its probability. */
export async function captioned(
  photo: Uint8Array,
  where: string,
  classes: readonly RankedClass[],
): Promise<string> {
  const { height, width } = await decodePhoto(photo, where);
  const scale = Math.max(1, Math.ceil(NARROWEST / width));
  const [w, h] = [width * scale, height * scale];
  const total = h + 2 * MARGIN + ROW * classes.length;
  const rows = classes.map(({ name, probability }, i) => {
    const y = h + MARGIN + ROW * i;
    const bar = (w - 2 * MARGIN) * probability;
    return [
      `<rect x="${MARGIN}" y="${y + 2}" width="${bar.toFixed(1)}" height="${ROW - 4}" rx="3" fill="#bfdbfe"/>`,
      `<text x="${MARGIN + 6}" y="${y + 18}">${escaped(name)}</text>`,
      `<text x="${w - MARGIN}" y="${y + 18}" text-anchor="end">${percent(probability)}</text>`,
    ].join('\n');
  });
  const sharp = scale > 1 ? ' style="image-rendering: pixelated"' : '';
  return [
    FIRST,
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${total}" viewBox="0 0 ${w} ${total}"`,
    '  font-family="system-ui, sans-serif" font-size="15" fill="#111827">',
    `<rect width="${w}" height="${total}" fill="#ffffff"/>`,
    `<image width="${w}" height="${h}"${sharp} href="${hrefOfPhoto(photo)}"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}
