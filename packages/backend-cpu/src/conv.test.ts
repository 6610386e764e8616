import { Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { agree, type Inputs, normals, pick, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

interface Geometry {
  readonly x: [number, number, number, number];
  readonly w: [number, number, number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: number | 'same' | 'valid';
}

function drawGeometry(rng: Rng, dilated: boolean): Geometry {
  const [inputs, outputs] = [1 + rng.integer(9), 1 + rng.integer(9)];
  const kernel = [1 + rng.integer(4), 1 + rng.integer(4)] as const;
  const dilations: [number, number] = dilated ? [1 + rng.integer(3), 1 + rng.integer(3)] : [1, 1];
  const strides: [number, number] =
    Math.max(...dilations) > 1 ? [1, 1] : [1 + rng.integer(3), 1 + rng.integer(3)];
  return {
    x: [1 + rng.integer(3), 10 + rng.integer(6), 10 + rng.integer(6), inputs],
    w: [...kernel, inputs, outputs],
    strides,
    dilations,
    pad: pick(rng, ['same', 'valid', 0, 1, 2] as const),
  };
}

const attrsOf = ({ strides, dilations, pad }: Geometry): object => ({
  strides,
  dilations,
  pad,
  dataFormat: 'NHWC',
});

const outputShape = ({ x, w, strides, dilations, pad }: Geometry): [number, number, number, number] =>
  tf.backend_util.computeConv2DInfo(x, w, strides, dilations, pad).outShape;

describe('convolution', () => {
  test('forwards, over random sizes, strides, paddings and dilations', () =>
    repeat('conv', 40, (rng) => {
      const geometry = drawGeometry(rng(), true);
      const make = (): Inputs => ({
        x: normals(rng().split('x'), ...geometry.x),
        filter: normals(rng().split('w'), ...geometry.w),
      });
      return agree('Conv2D', make, attrsOf(geometry));
    }));

  test('to the filter, over random sizes, strides and paddings', () =>
    repeat('filter', 30, (rng) => {
      const geometry = drawGeometry(rng(), false);
      const make = (): Inputs => ({
        x: normals(rng().split('x'), ...geometry.x),
        dy: normals(rng().split('dy'), ...outputShape(geometry)),
      });
      return agree('Conv2DBackpropFilter', make, { ...attrsOf(geometry), filterShape: geometry.w });
    }));

  test('to the input, over random sizes, strides and paddings', () =>
    repeat('input', 30, (rng) => {
      const geometry = drawGeometry(rng(), false);
      const make = (): Inputs => ({
        dy: normals(rng().split('dy'), ...outputShape(geometry)),
        filter: normals(rng().split('w'), ...geometry.w),
      });
      return agree('Conv2DBackpropInput', make, { ...attrsOf(geometry), inputShape: geometry.x });
    }));

  test('in more pixels than the buffer holds at a time', async () => {
    const make = (): Inputs => ({
      x: normals(Rng.fromSeed(1), 2, 24, 24, 24),
      filter: normals(Rng.fromSeed(2), 3, 3, 24, 4),
    });
    await agree('Conv2D', make, { strides: 1, pad: 1, dilations: 1, dataFormat: 'NHWC' });
  });

  test('leaves channels first to the stock kernel', async () => {
    const make = (): Inputs => ({
      x: normals(Rng.fromSeed(1), 2, 3, 6, 6),
      filter: normals(Rng.fromSeed(2), 3, 3, 3, 4),
    });
    await agree('Conv2D', make, { strides: 1, pad: 1, dilations: 1, dataFormat: 'NCHW' });
  });
});
