// 3x3 convolutions by Winograd's minimal filtering F(2x2, 3x3), 16 multiplications where 36 are usual (Lavin and Gray
// 2016, https://arxiv.org/abs/1509.09308, section 4.1): four output pixels y of one tile, of 4x4 input pixels d and
// the filter g, are y = At [(G g Gt) * (Bt d B)] A. All transforms are matrix products, and so is the sum over
// channels, once for each of the 16 points. The elements of A, B and G are 0, 1/2 and 1, so hardly any accuracy is lost.
//
// Suffixes: P the 16 points of a tile, T the tiles of all images, I and O input and output channels.

import { type Lowering, type Val, sizeOf } from './lowering.ts';
import { after, type Window } from './window.ts';

/** Side of the square of output pixels that a tile makes, and of the square of input pixels that it reads. */
const MADE = 2;
const READ = 4;
const POINTS = READ * READ;

type Matrix = readonly (readonly number[])[];
const transposed = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map((row) => row[j]!));
/** The matrix that applies `m` to the rows and to the columns of a square whose pixels are one axis. */
const twice = (m: Matrix): Matrix => m.flatMap((a) => m.map((b) => a.flatMap((x) => b.map((y) => x * y))));

const INPUT = twice([
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
]);
const FILTER = twice([
  [1, 0, 0],
  [1 / 2, 1 / 2, 1 / 2],
  [1 / 2, -1 / 2, 1 / 2],
  [0, 0, 1],
]);
const MIRRORED_FILTER = FILTER.map((row) => row.toReversed());
const OUTPUT = twice([
  [1, 1, 1, 0],
  [0, 1, -1, -1],
]);

/**
 * Multiplications per tile and point, I O, over what its transforms read and write, I + O; below this, and for few
 * tiles to share the filter's transform, those cost more than is saved (measured on two cores).
 */
const MIN_INTENSITY = 24;
const MIN_TILES = 64;
/** Just below glibc's largest M_MMAP_THRESHOLD, 32 MiB. */
const PART_BYTES = 2 ** 25 - 2 ** 16;
const MAX_PARTS = 8;

/**
 * Bytes of points that the forward passes of a graph keep for the filters' gradients, the first that come. They are four
 * times the image, and live from the first pass to the second. To make all of them again would cost CIFAR ResNet-18 four
 * hundredths of a step of 64 images, and save a quarter of its memory; this is just enough for it.
 */
const KEPT_BYTES = 2 ** 29;
const keptBytes = new WeakMap<Lowering, number>();
/** By image, and by what of the window they follow from. */
const keptPoints = new WeakMap<Val, ReadonlyMap<string, readonly Points[]>>();

/** Whether a convolution can be computed so, and is faster then. */
export function isWinograd(w: Window): boolean {
  return (
    !w.nchw &&
    w.kernel.every((k) => k === 3) &&
    w.strides.every((s) => s === 1) &&
    w.dilations.every((d) => d === 1) &&
    after(w).every((p) => p >= 0) &&
    (w.inChannels * w.outChannels) / (w.inChannels + w.outChannels) >= MIN_INTENSITY &&
    tiles(w) >= MIN_TILES
  );
}

/** The NHWC output of the convolution of `x` with `filter` [3, 3, I, O]. */
export function convolve(g: Lowering, x: Val, filter: Val, w: Window, partBytes = PART_BYTES): string {
  const filter_PIO = filterPoints(g, g.plain(filter), FILTER, w.inChannels, w.outChannels);
  return filtered(g, sharedPoints(g, x, w, partBytes), filter_PIO, w);
}

/** The NHWC gradient for the input: `dy` convolved with the mirrored filter, its channels exchanged. */
export function inputGradient(g: Lowering, dy: Val, filter: Val, w: Window, partBytes = PART_BYTES): string {
  const back: Window = {
    ...w,
    input: w.output,
    output: w.input,
    inChannels: w.outChannels,
    outChannels: w.inChannels,
    before: [2 - w.before[0], 2 - w.before[1]],
  };
  const filter_9IO = g.reshape(g.plain(filter), [9, w.inChannels, w.outChannels]);
  const filter_9OI = g.transpose(filter_9IO, [0, 2, 1]);
  const filter_POI = filterPoints(g, filter_9OI, MIRRORED_FILTER, w.outChannels, w.inChannels);
  return filtered(g, inputPoints(g, dy, back, partBytes), filter_POI, back);
}

/** The gradient for the filter, [3, 3, I, O]: every step of the convolution transposed, in reverse order. */
export function filterGradient(g: Lowering, x: Val, dy: Val, w: Window, partBytes = PART_BYTES): string {
  const { inChannels, outChannels } = w;
  const [rows, columns] = grid(w);
  const missing = [rows * MADE - w.output[0], columns * MADE - w.output[1]];
  const even = g.pad(g.plain(dy), [0, 0, 0, 0], [0, ...missing, 0]);
  const sums_POI = sharedPoints(g, x, w, partBytes).map(({ images, points_PTI }) => {
    const part = images.whole ? even : g.slice(even, [images.first], [images.end], [0]);
    const count = images.end - images.first;
    const squares = g.reshape(part, [count * rows, MADE, columns, MADE, outChannels]);
    const made_TO = g.reshape(g.transpose(squares, [1, 3, 0, 2, 4]), [MADE * MADE, -1, outChannels]);
    const made_OT = g.reshape(g.transpose(made_TO, [0, 2, 1]), [MADE * MADE, -1]);
    const points_POT = g.reshape(apply(g, transposed(OUTPUT), made_OT), [POINTS, outChannels, -1]);
    return g.op('MatMul', [points_POT, points_PTI]);
  });
  const points_POI = sums_POI.reduce((sum, part) => g.op('Add', [sum, part]));
  const gradient_9OI = apply(g, transposed(FILTER), g.reshape(points_POI, [POINTS, -1]));
  const gradient_9IO = g.transpose(g.reshape(gradient_9OI, [9, outChannels, inChannels]), [0, 2, 1]);
  return g.reshape(gradient_9IO, [3, 3, inChannels, outChannels]);
}

function filtered(g: Lowering, points: readonly Points[], filter_PIO: string, w: Window): string {
  const [rows, columns] = grid(w);
  const parts = points.map(({ images, points_PTI }) => {
    const points_PTO = g.op('MatMul', [points_PTI, filter_PIO]);
    const made = apply(g, OUTPUT, g.reshape(points_PTO, [POINTS, -1]));
    const count = images.end - images.first;
    const squares = g.reshape(made, [MADE, MADE, count * rows, columns, w.outChannels]);
    return g.reshape(g.transpose(squares, [2, 0, 3, 1, 4]), [
      count,
      rows * MADE,
      columns * MADE,
      w.outChannels,
    ]);
  });
  const y = parts.length === 1 ? parts[0]! : g.op('Concat', parts, { axis: 0 });
  const whole = w.output.every((size, k) => size === grid(w)[k]! * MADE);
  return whole ? y : g.slice(y, [0, 0], w.output, [1, 2]);
}

function filterPoints(g: Lowering, filter: string, by: Matrix, from: number, to: number): string {
  return g.reshape(apply(g, by, g.reshape(filter, [9, from * to])), [POINTS, from, to]);
}

/** Bt d B of the tiles of some of the images. */
interface Points {
  readonly images: { readonly first: number; readonly end: number; readonly whole: boolean };
  readonly points_PTI: string;
}

/** The points of an image that a forward pass makes, and that the filter's gradient reads too where they were kept. */
function sharedPoints(g: Lowering, x: Val, w: Window, partBytes: number): readonly Points[] {
  const key = `${w.before.join()} ${w.output.join()}`;
  const kept = keptPoints.get(x)?.get(key);
  if (kept !== undefined) return kept;
  const points = inputPoints(g, x, w, partBytes);
  const bytes = (keptBytes.get(g) ?? 0) + pointBytes(w);
  if (bytes > KEPT_BYTES) return points;
  keptBytes.set(g, bytes);
  keptPoints.set(x, new Map(keptPoints.get(x)).set(key, points));
  return points;
}

/**
 * Bt d B of every tile, a part of the images at a time. The parts are below the size from which the C library asks the
 * system for memory, and gives it back, each time.
 */
function inputPoints(g: Lowering, x: Val, w: Window, partBytes: number): readonly Points[] {
  const { batch, inChannels } = w;
  const perImage = pointBytes({ ...w, batch: 1 });
  const count = Math.min(MAX_PARTS, Math.ceil(batch / Math.max(1, Math.floor(partBytes / perImage))));
  const pixels = g.reshape(g.plain(x), [batch * sizeOf(w.input), inChannels]);
  const image = g.op('Concat', [pixels, g.expand(g.model.scalar(0), [1, inChannels])], { axis: 0 });
  return Array.from({ length: count }, (_, k) => {
    const [first, end] = [k, k + 1].map((part) => Math.floor((part * batch) / count)) as [number, number];
    const read = g.op('Gather', [image, pixelTable(g, w, first, end)], { axis: 0 });
    const points_PTI = g.reshape(apply(g, INPUT, g.reshape(read, [POINTS, -1])), [POINTS, -1, inChannels]);
    return { images: { first, end, whole: count === 1 }, points_PTI };
  });
}

/** Bytes of the points of all tiles. */
const pointBytes = (w: Window): number => POINTS * tiles(w) * w.inChannels * 4;

function apply(g: Lowering, matrix: Matrix, name: string): string {
  const values = Float32Array.from(matrix.flat());
  return g.op('MatMul', [g.model.constant(values, [matrix.length, matrix[0]!.length], 'float32'), name]);
}

const grid = ({ output }: Window): [number, number] => [
  Math.ceil(output[0] / MADE),
  Math.ceil(output[1] / MADE),
];

const tiles = (w: Window): number => w.batch * sizeOf(grid(w));

/** `readPixels` as a constant that all convolutions of this geometry share. */
function pixelTable(g: Lowering, w: Window, first: number, end: number): string {
  const { batch, input, output, before } = w;
  return g.table(`winograd ${batch} ${first} ${end} ${input.join()} ${output.join()} ${before.join()}`, () =>
    readPixels(w, first, end),
  );
}

/**
 * The input pixel at each place of each tile of the images from `first` to before `end`, as an index into batch * H * W;
 * padding reads one past the end.
 */
function readPixels(w: Window, first: number, end: number): Int32Array {
  const [rows, columns] = grid(w);
  const [height, width] = w.input;
  const indices = new Int32Array(POINTS * (end - first) * rows * columns);
  let at = 0;
  for (let point = 0; point < POINTS; point++) {
    const [down, right] = [Math.floor(point / READ), point % READ];
    for (let n = first; n < end; n++) {
      for (let r = 0; r < rows; r++) {
        const y = r * MADE - w.before[0] + down;
        for (let c = 0; c < columns; c++) {
          const x = c * MADE - w.before[1] + right;
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          indices[at++] = inside ? (n * height + y) * width + x : w.batch * height * width;
        }
      }
    }
  }
  return indices;
}
