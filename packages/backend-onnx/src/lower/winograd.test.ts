import * as ort from 'onnxruntime-node';
import { describe, expect, test, vi } from 'vitest';
import { type Draw, forSeeds, random } from '../../test/oracle.ts';
import { Lowering, sizeOf, type Val } from './lowering.ts';
import { convWindow, type Window } from './window.ts';
import { convolve, filterGradient, inputGradient, isWinograd } from './winograd.ts';

/** A random 3x3 window of stride 1; sizes are odd as often as even, paddings asymmetric. */
function drawWindow(draw: Draw): Window {
  const side = (): number => draw.int(3, 8);
  const pads = (): [number, number] => [draw.int(0, 2), draw.int(0, 2)];
  const image = [draw.int(1, 3), side(), side(), draw.int(1, 4)];
  const filter = [3, 3, image[3]!, draw.int(1, 4)];
  return convWindow(image, filter, { strides: 1, pad: [[0, 0], pads(), pads(), [0, 0]] });
}

/** Calls `visit` with the indices of every multiplication of the convolution: output, image, filter. */
function products(w: Window, visit: (y: number, x: number, f: number) => void): void {
  const [height, width] = w.input;
  for (let n = 0; n < w.batch; n++)
    for (let r = 0; r < w.output[0]; r++)
      for (let c = 0; c < w.output[1]; c++)
        for (let tap = 0; tap < 9; tap++) {
          const row = r - w.before[0] + Math.floor(tap / 3);
          const column = c - w.before[1] + (tap % 3);
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          for (let i = 0; i < w.inChannels; i++)
            for (let o = 0; o < w.outChannels; o++)
              visit(
                ((n * w.output[0] + r) * w.output[1] + c) * w.outChannels + o,
                ((n * height + row) * width + column) * w.inChannels + i,
                (tap * w.inChannels + i) * w.outChannels + o,
              );
        }
}

type Emit = (g: Lowering, a: Val, b: Val, w: Window, partBytes?: number) => string;
interface Operand {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** What ONNX Runtime makes of the nodes that `emit` emits. */
async function run(
  emit: Emit,
  a: Operand,
  b: Operand,
  shape: readonly number[],
  w: Window,
  partBytes: number | undefined,
): Promise<Float32Array> {
  const g = new Lowering();
  const declare = (name: string, { shape }: Operand): Val => {
    g.model.input(name, shape, 'float32');
    return g.val(name, { shape, dtype: 'float32' });
  };
  const y = emit(g, declare('a', a), declare('b', b), w, partBytes);
  g.model.output(y, shape, 'float32');
  const session = await ort.InferenceSession.create(g.model.bytes('test'), {
    graphOptimizationLevel: 'disabled',
  });
  const feed = ({ values, shape }: Operand): ort.Tensor =>
    new ort.Tensor('float32', Float32Array.from(values), shape);
  const { [y]: made } = await session.run({ a: feed(a), b: feed(b) });
  expect(made!.dims).toEqual(shape);
  const data = Float32Array.from((made as ort.Tensor).data as Float32Array);
  await session.release();
  return data;
}

function close(found: Float32Array, expected: Float64Array): void {
  expected.forEach((value, k) =>
    expect(Math.abs(found[k]! - value)).toBeLessThan(1e-5 * (1 + Math.abs(value))),
  );
}

describe('Winograd convolution agrees with its definition', () => {
  test('value and both gradients over random sizes and paddings', () =>
    forSeeds(20, async (draw) => {
      const w = drawWindow(draw);
      const imageShape = [w.batch, ...w.input, w.inChannels];
      const madeShape = [w.batch, ...w.output, w.outChannels];
      const filterShape = [3, 3, w.inChannels, w.outChannels];
      const [x, filter, dy] = [random(draw, imageShape), random(draw, filterShape), random(draw, madeShape)];
      const [y, dx, dFilter] = [madeShape, imageShape, filterShape].map(
        (shape) => new Float64Array(sizeOf(shape)),
      );
      products(w, (yi, xi, fi) => {
        y![yi]! += x.values[xi]! * filter.values[fi]!;
        dx![xi]! += dy.values[yi]! * filter.values[fi]!;
        dFilter![fi]! += dy.values[yi]! * x.values[xi]!;
      });
      // All images at once, or one by one.
      const partBytes = draw.bool() ? undefined : 1;
      close(await run(convolve, x, filter, madeShape, w, partBytes), y!);
      close(await run(inputGradient, dy, filter, imageShape, w, partBytes), dx!);
      close(await run(filterGradient, x, dy, filterShape, w, partBytes), dFilter!);
    }));

  test('is chosen for 3x3 filters of stride 1 with many channels and pixels', () => {
    const chosen = (image: number[], filter: number[], strides = 1): boolean =>
      isWinograd(convWindow(image, filter, { strides, pad: 'same' }));
    expect(chosen([64, 32, 32, 64], [3, 3, 64, 64])).toBe(true);
    expect(chosen([64, 32, 32, 64], [3, 3, 64, 64], 2)).toBe(false);
    expect(chosen([64, 32, 32, 64], [1, 1, 64, 64])).toBe(false);
    expect(chosen([64, 32, 32, 16], [3, 3, 16, 16])).toBe(false);
    expect(chosen([1, 4, 4, 64], [3, 3, 64, 64])).toBe(false);
  });

  test('forward passes keep points for their gradients up to a bound; the others are made again', () => {
    const g = new Lowering({ cpu: true });
    const made = vi.spyOn(g.model, 'nodes');
    const filter = g.val('filter', { shape: [3, 3, 64, 64], dtype: 'float32' });
    // 419 MB of points, as many, and 13 MB.
    const gathers = [80, 80, 14].map((side, k) => {
      const spec = { shape: [64, side, side, 64], dtype: 'float32' } as const;
      const w = convWindow(spec.shape, filter.shape, { strides: 1, pad: 'same' });
      const x = g.val(`x${k}`, spec);
      return [() => convolve(g, x, filter, w), () => filterGradient(g, x, g.val(`dy${k}`, spec), w)].map(
        (emit) => {
          made.mockClear();
          emit();
          return made.mock.calls.filter(([type]) => type === 'Gather').length;
        },
      );
    });
    expect(gathers).toEqual([
      [8, 0],
      [8, 8],
      [1, 0],
    ]);
  });
});
