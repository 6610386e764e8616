// Masks as run lengths, in COCO's convention: column by column, background first. As text the counts are
// differences to the count before the last, in groups of five bits from the lowest, 48 added to each.

import { MaNetError } from '@ma-net/core';

/** Alternating numbers of background and foreground pixels, down the columns, from left to right. */
export interface Rle {
  /** [height, width]. */
  readonly size: readonly [number, number];
  readonly counts: Uint32Array;
}

/** Run lengths of a mask [height, width], row-major, foreground where it is not 0. */
export function encodeMask(mask_HW: ArrayLike<number>, height: number, width: number): Rle {
  const counts: number[] = [];
  let [run, value] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const pixel = mask_HW[y * width + x] === 0 ? 0 : 1;
      if (pixel !== value) {
        counts.push(run);
        [run, value] = [0, pixel];
      }
      run++;
    }
  }
  counts.push(run);
  return { size: [height, width], counts: Uint32Array.from(counts) };
}

/** The mask [height, width], row-major, 0 and 1. */
export function decodeMask({ size: [height, width], counts }: Rle): Uint8Array {
  const mask_HW = new Uint8Array(height * width);
  let at = 0;
  counts.forEach((count, i) => {
    const end = at + count;
    for (; at < end; at++) if (i % 2 === 1) mask_HW[(at % height) * width + Math.floor(at / height)] = 1;
  });
  return mask_HW;
}

/** Counts as COCO writes them into JSON. */
export function countsToText(counts: Uint32Array): string {
  let text = '';
  counts.forEach((count, i) => {
    let rest = i > 2 ? count - counts[i - 2]! : count;
    for (let more = true; more; ) {
      let group = rest & 0x1f;
      rest >>= 5;
      more = (group & 0x10) !== 0 ? rest !== -1 : rest !== 0;
      if (more) group |= 0x20;
      text += String.fromCharCode(group + 48);
    }
  });
  return text;
}

/** Counts from COCO's text or list. Throws `bad-data` when they do not fill the mask exactly. */
export function countsFrom(
  value: string | readonly number[],
  [height, width]: readonly [number, number],
  where: string,
): Uint32Array {
  const counts = typeof value === 'string' ? parsed(value, where) : value;
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!Number.isInteger(count) || count < 0) throw damaged(`it holds a run of ${count} pixels`, where);
    total += count;
  }
  if (total !== height * width) {
    throw damaged(
      `its runs add up to ${total} pixels, expected ${height} x ${width} = ${height * width}`,
      where,
    );
  }
  return new Uint32Array(counts);
}

function parsed(text: string, where: string): Float64Array {
  // Every count has a character or more.
  const counts = new Float64Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    let group = 0x20;
    while ((group & 0x20) !== 0) {
      group = text.charCodeAt(at++) - 48;
      if (!(group >= 0 && group < 64) || shift > 30) {
        throw damaged(`character ${at - 1} is none that run lengths are written with, or is missing`, where);
      }
      value |= (group & 0x1f) << shift;
      shift += 5;
    }
    if ((group & 0x10) !== 0 && shift < 32) value |= -1 << shift;
    counts[length] = length > 2 ? value + counts[length - 2]! : value;
    length++;
  }
  return counts.subarray(0, length);
}

function damaged(why: string, where: string): MaNetError {
  return new MaNetError('bad-data', `The run lengths of a mask cannot be used: ${why}.`, {
    where,
    hint: 'write masks with the size of their image, column by column, background first.',
  });
}

/** Number of foreground pixels. */
export function maskArea({ counts }: Rle): number {
  let area = 0;
  for (let i = 1; i < counts.length; i += 2) area += counts[i]!;
  return area;
}

/** [x, y, width, height] around the foreground; zeros when there is none. */
export function maskBox({ size: [height, width], counts }: Rle): readonly [number, number, number, number] {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  let at = 0;
  for (let i = 0; i + 1 < counts.length; i += 2) {
    const first = at + counts[i]!;
    at = first + counts[i + 1]!;
    if (at === first) continue;
    const [fromX, toX] = [Math.floor(first / height), Math.floor((at - 1) / height)];
    x0 = Math.min(x0, fromX);
    x1 = Math.max(x1, toX);
    // A run over the end of a column touches both its edges.
    y0 = Math.min(y0, fromX < toX ? 0 : first % height);
    y1 = Math.max(y1, fromX < toX ? height - 1 : (at - 1) % height);
  }
  return x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1 - x0 + 1, y1 - y0 + 1];
}

/** Pixels that are foreground in any of the masks, or in all of them. All have one size. */
export function mergeMasks(masks: readonly Rle[], how: 'union' | 'intersection'): Rle {
  const [first, ...rest] = masks;
  if (first === undefined) {
    throw new MaNetError('bad-argument', 'There is no mask to merge.', { hint: 'pass at least one mask.' });
  }
  return rest.reduce((merged, mask) => mergePair(merged, mask, how), first);
}

function mergePair(a: Rle, b: Rle, how: 'union' | 'intersection'): Rle {
  const counts: number[] = [];
  let [run, value] = [0, 0];
  walk(a, b, (length, inA, inB) => {
    const next = how === 'union' ? inA | inB : inA & inB;
    if (next !== value) {
      counts.push(run);
      [run, value] = [0, next];
    }
    run += length;
  });
  counts.push(run);
  return { size: a.size, counts: Uint32Array.from(counts) };
}

/** Number of pixels in both masks. */
export function maskIntersection({ counts: a }: Rle, { counts: b }: Rle): number {
  let both = 0;
  // Ends of the present run of foreground of each.
  let [i, j] = [1, 1];
  let [fromA, fromB] = [a[0]!, b[0]!];
  let [toA, toB] = [fromA + a[1]!, fromB + b[1]!];
  while (i < a.length && j < b.length) {
    const length = Math.min(toA, toB) - Math.max(fromA, fromB);
    if (length > 0) both += length;
    if (toA <= toB) {
      fromA = toA + a[i + 1]!;
      i += 2;
      toA = fromA + a[i]!;
    } else {
      fromB = toB + b[j + 1]!;
      j += 2;
      toB = fromB + b[j]!;
    }
  }
  return both;
}

/** Visits the pieces over which neither mask changes. */
function walk(a: Rle, b: Rle, visit: (length: number, inA: number, inB: number) => void): void {
  let [i, j] = [0, 0];
  let [restA, restB] = [a.counts[0] ?? 0, b.counts[0] ?? 0];
  while (i < a.counts.length && j < b.counts.length) {
    const length = Math.min(restA, restB);
    if (length > 0) visit(length, i & 1, j & 1);
    restA -= length;
    restB -= length;
    if (restA === 0) restA = a.counts[++i] ?? 0;
    if (restB === 0) restB = b.counts[++j] ?? 0;
  }
}
