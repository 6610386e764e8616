import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, test } from 'vitest';
import { agree, normals, pick, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

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
