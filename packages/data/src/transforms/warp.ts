// Moves, shears and turns of 8-bit pictures, each pixel taken from the nearest one (in Pillow's 16.16 fixed point).

import { blank, type Picture } from './picture.ts';

/** Column and row that an output pixel is read from: [a x + b y + c, d x + e y + f]. */
type Affine = readonly [number, number, number, number, number, number];

/** Value of each channel where the source is outside; black unless given. */
export type Fill = readonly number[];

const fix = (x: number): number => Math.floor(x * 65536 + 0.5);

function warp(picture: Picture, [a, b, c, d, e, f]: Affine, fill: Fill = []): Picture {
  const { height, width, channels, data } = picture;
  const out = blank(picture).data;
  const [stepX, stepY] = [fix(a), fix(d)];
  let columnStart = fix(c + (a + b) / 2);
  let rowStart = fix(f + (d + e) / 2);
  for (let y = 0, o = 0; y < height; y++) {
    let column = columnStart;
    let row = rowStart;
    for (let x = 0; x < width; x++, o += channels) {
      const fromX = Math.floor(column / 65536);
      const fromY = Math.floor(row / 65536);
      if (fromX >= 0 && fromX < width && fromY >= 0 && fromY < height) {
        const from = (fromY * width + fromX) * channels;
        for (let k = 0; k < channels; k++) out[o + k] = data[from + k]!;
      } else {
        for (let k = 0; k < channels; k++) out[o + k] = fill[k] ?? 0;
      }
      column += stepX;
      row += stepY;
    }
    columnStart += fix(b);
    rowStart += fix(e);
  }
  return { ...picture, data: out };
}

/** Row y moves by `factor` times its distance from the top. */
export const shearX = (picture: Picture, factor: number, fill?: Fill): Picture =>
  warp(picture, [1, factor, 0, 0, 1, 0], fill);

export const shearY = (picture: Picture, factor: number, fill?: Fill): Picture =>
  warp(picture, [1, 0, 0, factor, 1, 0], fill);

/** Moves to the right by so many pixels. */
export const translateX = (picture: Picture, pixels: number, fill?: Fill): Picture =>
  warp(picture, [1, 0, -pixels, 0, 1, 0], fill);

/** Moves down by so many pixels. */
export const translateY = (picture: Picture, pixels: number, fill?: Fill): Picture =>
  warp(picture, [1, 0, 0, 0, 1, -pixels], fill);

/** Turns about the middle, counter-clockwise. */
export function rotate(picture: Picture, degrees: number, fill?: Fill): Picture {
  const angle = (-degrees * Math.PI) / 180;
  // A quarter turn must not miss the last row by a rounding.
  const tidy = (x: number) => Math.round(x * 1e15) / 1e15;
  const [cos, sin] = [tidy(Math.cos(angle)), tidy(Math.sin(angle))];
  const [x, y] = [picture.width / 2, picture.height / 2];
  return warp(picture, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y], fill);
}
