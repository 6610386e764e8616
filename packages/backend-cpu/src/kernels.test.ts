import { Rng, startBackend } from '@ma-net/core';
import { difference, expectNoLeak, onReference } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpu } from './adapter.ts';
import { fastKernels } from './kernels.ts';

type Inputs = Record<string, tf.Tensor>;

beforeAll(() => startBackend(cpu));

/** Runs a kernel directly, ours and the stock one, on the same random inputs. */
async function agree(name: string, make: () => Inputs, attrs: object = {}): Promise<void> {
  const run = async (): Promise<{ shape: number[]; dtype: string; data: ArrayLike<number> }> => {
    const y = tf.tidy(() => tf.engine().runKernel(name, make(), attrs as tf.NamedAttrMap) as tf.Tensor);
    const data = await y.data();
    y.dispose();
    return { shape: y.shape, dtype: y.dtype, data };
  };
  const [expected, found] = [await onReference(run), await run()];
  const reason = difference(found, expected, cpu.tolerance);
  if (reason !== undefined) expect.fail(`${name} ${JSON.stringify(attrs)}: ${reason}`);
}

const normals = (rng: Rng, ...shape: number[]): tf.Tensor =>
  tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b, 1),
      1,
    ),
    shape,
  );

const pick = <T>(rng: Rng, values: readonly T[]): T => values[rng.integer(values.length)]!;

/** The same draw for both backends: `draw` gets a generator that starts anew each time. */
const repeat = (label: string, times: number, body: (rng: () => Rng) => Promise<void>): Promise<void> =>
  Array.from({ length: times }).reduce<Promise<void>>(
    (before, _, i) => before.then(() => body(() => Rng.fromSeed(5).split(label).split(i))),
    Promise.resolve(),
  );

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

describe('matrix product', () => {
  test('over random sizes, transposes and batches', () =>
    repeat('matmul', 60, (rng) => {
      const r = rng();
      const [m, n, k] = [1 + r.integer(40), 1 + r.integer(40), 1 + r.integer(300)];
      const [transposeA, transposeB] = [r.integer(2) === 1, r.integer(2) === 1];
      const batch = pick(r, [
        [[2], [2]],
        [[3], [1]],
        [[], []],
        [
          [1, 1],
          [2, 2],
        ],
      ] as const);
      const make = (): Inputs => ({
        a: normals(rng().split('a'), ...batch[0], ...(transposeA ? [k, m] : [m, k])),
        b: normals(rng().split('b'), ...batch[1], ...(transposeB ? [n, k] : [k, n])),
      });
      return agree('BatchMatMul', make, { transposeA, transposeB });
    }));

  test('broadcasts batches that the stock kernel confuses', async () => {
    const [a, b] = [normals(Rng.fromSeed(1), 2, 3, 4, 5), normals(Rng.fromSeed(2), 2, 1, 5, 6)];
    const found = tf.matMul(a, b);
    const expected = tf.matMul(a, tf.tile(b, [1, 3, 1, 1]));
    await expect(found).toBeAllClose(expected);
  });

  test('leaves whole numbers to the stock kernel', () =>
    agree(
      'BatchMatMul',
      () => ({ a: tf.tensor2d([[1, 2]], [1, 2], 'int32'), b: tf.tensor2d([[3], [4]], [2, 1], 'int32') }),
      { transposeA: false, transposeB: false },
    ));
});

describe('broadcasting', () => {
  const names = [
    'Add',
    'Sub',
    'Multiply',
    'RealDiv',
    'Maximum',
    'Minimum',
    'Greater',
    'GreaterEqual',
    'Less',
  ];

  test.each(names)('%s over random shapes and types', (name) =>
    repeat(name, 40, (rng) => {
      const r = rng();
      const shape = Array.from({ length: r.integer(5) }, () => 1 + r.integer(4));
      const operand = (): number[] =>
        shape.map((size) => (r.integer(3) === 0 ? 1 : size)).slice(r.integer(3) === 0 ? r.integer(3) : 0);
      const [a, b] = [operand(), operand()];
      const dtype = pick(r, ['float32', 'float32', 'int32'] as const);
      const draw = (label: string, s: number[]): tf.Tensor =>
        dtype === 'float32'
          ? normals(rng().split(label), ...s)
          : tf.cast(tf.mul(normals(rng().split(label), ...s), 9), 'int32');
      return agree(name, () => ({ a: draw('a', a), b: draw('b', b) }));
    }),
  );

  test('reads whole numbers that a cast left under a float32 tensor', () =>
    agree('Multiply', () => ({
      a: tf.cast(tf.tensor1d([1, 2, 3], 'int32'), 'float32'),
      b: tf.scalar(0.5),
    })));

  test('refuses shapes that do not fit, as the stock kernel does', () => {
    expect(() => tf.add(tf.zeros([2, 3]), tf.zeros([2, 4]))).toThrow(/broadcast/);
  });
});

describe('sums', () => {
  test.each(['Sum', 'Mean'])('%s over random shapes and axes', (name) =>
    repeat(name, 50, (rng) => {
      const r = rng();
      const shape = Array.from({ length: 1 + r.integer(5) }, () => 1 + r.integer(5));
      const axis = [...shape.keys()].filter(() => r.integer(2) === 0);
      const keepDims = r.integer(2) === 0;
      return agree(name, () => ({ x: normals(rng().split('x'), ...shape) }), { axis, keepDims });
    }),
  );

  test.each(['int32', 'bool'] as const)('of %s have the type of the stock kernels', async (dtype) => {
    const make = (): Inputs => ({
      x: tf.cast(
        tf.tensor2d([
          [0, 1, 2],
          [3, 0, 5],
        ]),
        dtype,
      ),
    });
    await agree('Sum', make, { axis: [0], keepDims: false });
    await agree('Mean', make, { axis: [1], keepDims: true });
  });
});

test('transpose over random shapes, orders and types', () =>
  repeat('transpose', 60, (rng) => {
    const r = rng();
    const shape = Array.from({ length: 1 + r.integer(5) }, () => 1 + r.integer(4));
    const perm = [...r.permutation(shape.length)];
    const dtype = pick(r, ['float32', 'int32', 'bool'] as const);
    return agree('Transpose', () => ({ x: tf.cast(tf.mul(normals(rng().split('x'), ...shape), 3), dtype) }), {
      perm,
    });
  }));

test.each([
  ['Relu', {}],
  ['Step', { alpha: 0 }],
  ['Step', { alpha: 0.2 }],
  ['Square', {}],
  ['Neg', {}],
])('%s %o, of odd numbers too', async (name, attrs) => {
  const odd = [0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-40];
  await agree(name, () => ({ x: tf.tensor1d(odd) }), attrs);
  await agree(name, () => ({ x: normals(Rng.fromSeed(1), 3, 5) }), attrs);
});

test('every fast kernel replaces a stock one', () => {
  const known = new Set(tf.getKernelsForBackend('reference').map((k) => k.kernelName));
  expect(Object.keys(fastKernels).filter((name) => !known.has(name))).toEqual([]);
});

test('a second start changes nothing, and kernels leave no memory behind', async () => {
  const before = tf.getKernel('Conv2D', 'cpu').kernelFunc;
  const running = await startBackend(cpu);
  expect(running.name).toBe('cpu');
  expect(tf.getKernel('Conv2D', 'cpu').kernelFunc).toBe(before);
  expectNoLeak(() =>
    tf.tidy(() => {
      const x = normals(Rng.fromSeed(1), 2, 6, 6, 3) as tf.Tensor4D;
      const w = normals(Rng.fromSeed(2), 3, 3, 3, 4) as tf.Tensor4D;
      tf.grads((a: tf.Tensor, b: tf.Tensor) =>
        tf.mean(tf.relu(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'))),
      )([x, w]);
    }),
  );
});
