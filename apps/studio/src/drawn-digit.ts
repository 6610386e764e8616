// A drawing as the data set makes its digits (E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", 1998):
// the ink is brought to a bitmap of 32 x 32 that it fills, and each pixel counts the ink in a block of 4 x 4.

const BITMAP = 32;
const SIDE = 8;
const BLOCK = BITMAP / SIDE;
/** Part of a bitmap's pixel that has to be inked. */
const INKED = 0.35;

/** How dark every pixel of a drawing is, 0 to 1, row by row. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly ink: ArrayLike<number>;
}

/** The digit, 8 x 8 from 0 to 1, centred, and as large as fits in its proportions; undefined without any ink. */
export function digitOf(drawing: Drawing): Float32Array | undefined {
  const box = inkOf(drawing);
  if (box === undefined) return undefined;
  const [height, width] = [box.bottom - box.top, box.right - box.left];
  const scale = Math.max(height, width) / BITMAP;
  const [top, left] = [box.top - (BITMAP * scale - height) / 2, box.left - (BITMAP * scale - width) / 2];
  const counts = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < BITMAP; y++) {
    for (let x = 0; x < BITMAP; x++) {
      const dark = meanInk(drawing, top + y * scale, left + x * scale, scale);
      if (dark >= INKED) counts[Math.floor(y / BLOCK) * SIDE + Math.floor(x / BLOCK)]! += 1 / BLOCK ** 2;
    }
  }
  return counts;
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

function inkOf({ width, height, ink }: Drawing): Box | undefined {
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x]! < 0.5) continue;
      top = Math.min(top, y);
      left = Math.min(left, x);
      bottom = Math.max(bottom, y + 1);
      right = Math.max(right, x + 1);
    }
  }
  return bottom === 0 ? undefined : { top, left, bottom, right };
}

/** Mean over the pixels whose middle lies in a square, or the one under its middle. */
function meanInk({ width, height, ink }: Drawing, top: number, left: number, side: number): number {
  const [firstY, lastY] = [Math.ceil(top - 0.5), Math.ceil(top + side - 0.5)];
  const [firstX, lastX] = [Math.ceil(left - 0.5), Math.ceil(left + side - 0.5)];
  if (lastY <= firstY || lastX <= firstX) return at(Math.floor(top + side / 2), Math.floor(left + side / 2));
  let sum = 0;
  for (let y = firstY; y < lastY; y++) for (let x = firstX; x < lastX; x++) sum += at(y, x);
  return sum / ((lastY - firstY) * (lastX - firstX));

  function at(y: number, x: number): number {
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : ink[y * width + x]!;
  }
}
