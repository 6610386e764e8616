// Means and variances of channels over all pixels, as batch normalisation takes them. A channel keeps its moments when
// images are joined: where one part of a joined image was normalised before, as in densely connected networks, only the
// others are summed and centred anew.

import type { Kernel } from '../kernel.ts';
import { type Lowering, Val } from '../lower/lowering.ts';

/** The images that an image was joined from along its channels, and what of which image a value is. */
const partsOf = new WeakMap<Val, readonly Val[]>();
const meanOf = new WeakMap<Val, Val>();
const centredOf = new WeakMap<Val, Val>();
const squareOf = new WeakMap<Val, Val>();

const [MEAN, CENTRED, VARIANCE] = ['mean of pixels', 'centred', 'variance of pixels'];

/** An image joined from `parts` along its channels once somebody reads it. */
export function joined(parts: readonly Val[], whole: Val, join: () => string): Val {
  whole.later(join);
  partsOf.set(whole, parts);
  return whole;
}

/** `op` over `axes`: the pixels and the batch of an image one after the other, three to ten times as fast as at once. */
export function reduced(
  g: Lowering,
  op: string,
  x: string,
  axes: readonly number[],
  keepDims: boolean,
): string {
  const [batch, ...pixels] = axes;
  if (axes.join() !== '0,2,3' && axes.join() !== '0,1,2') return g.reduce(op, x, axes, keepDims);
  return g.reduce(op, g.reduce(op, x, pixels, keepDims), [batch!], keepDims);
}

/** Mean, which sees the mean of an image and of the square of a centred image. */
export const averaging = (kernel: Kernel): Kernel => ({
  ...kernel,
  lower(g, inputs, signature) {
    const [x] = inputs as readonly [Val];
    const [out] = signature.outputs;
    const overPixels = x.rank === 4 && out!.shape.length === 1 && out!.shape[0] === x.shape[3];
    if (!g.cpu || !overPixels || x.dtype !== 'float32') return kernel.lower(g, inputs, signature);
    const image = squareOf.get(x);
    if (image !== undefined) return g.val(varianceName(g, image), out!);
    if (x.nchw !== undefined) return kernel.lower(g, inputs, signature);
    const mean = g.val(meanName(g, x), out!);
    meanOf.set(mean, x);
    return mean;
  },
});

/** Subtraction, which sees an image being centred. */
export const centring = (kernel: Kernel): Kernel => ({
  ...kernel,
  lower(g, inputs, signature) {
    const [x, mean] = inputs as readonly [Val, Val];
    if (meanOf.get(mean) !== x || x.nchw !== undefined) return kernel.lower(g, inputs, signature);
    const centred = g.val(centredName(g, x), signature.outputs[0]!);
    centredOf.set(centred, x);
    return centred;
  },
});

/** Multiplication, which sees a centred image being squared. */
export const squaring = (kernel: Kernel): Kernel => ({
  ...kernel,
  lower(g, inputs, signature) {
    const [a, b] = inputs as readonly [Val, Val];
    const image = a === b ? centredOf.get(a) : undefined;
    if (image === undefined) return kernel.lower(g, inputs, signature);
    const square = new Val(signature.outputs[0]!, undefined, undefined);
    square.later(() => g.op('Mul', [g.plain(a), g.plain(a)]));
    squareOf.set(square, image);
    return square;
  },
});

/** The parts of `x`, where the first of them, which holds most channels in a dense block, has `what` already. */
function known(x: Val, what: string): readonly Val[] | undefined {
  const parts = partsOf.get(x);
  return parts?.[0]!.has(what) === true ? parts : undefined;
}

function meanName(g: Lowering, x: Val): string {
  return x.once(MEAN, () => {
    const parts = known(x, MEAN);
    if (parts === undefined) return reduced(g, 'ReduceMean', g.plain(x), [0, 1, 2], false);
    return g.op(
      'Concat',
      parts.map((part) => meanName(g, part)),
      { axis: 0 },
    );
  });
}

function centredName(g: Lowering, x: Val): string {
  return x.once(CENTRED, () => {
    const parts = known(x, CENTRED);
    if (parts !== undefined)
      return g.op(
        'Concat',
        parts.map((part) => centredName(g, part)),
        { axis: 3 },
      );
    const mean = g.val(meanName(g, x), { shape: [x.shape[3]!], dtype: 'float32' });
    const spec = { shape: x.shape, dtype: x.dtype };
    return g.plain(g.elementwise([x, mean], spec, ([image, row]) => g.op('Sub', [image!, row!])));
  });
}

function varianceName(g: Lowering, x: Val): string {
  return x.once(VARIANCE, () => {
    const parts = known(x, VARIANCE);
    if (parts !== undefined)
      return g.op(
        'Concat',
        parts.map((part) => varianceName(g, part)),
        { axis: 0 },
      );
    const centred = centredName(g, x);
    return reduced(g, 'ReduceMean', g.op('Mul', [centred, centred]), [0, 1, 2], false);
  });
}
