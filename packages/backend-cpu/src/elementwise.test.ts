import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { agree, normals, pick, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

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
