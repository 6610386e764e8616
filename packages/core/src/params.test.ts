import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { leaked } from '../test/numerics.ts';
import {
  assertSameShapes,
  cloneParams,
  compareShapes,
  countParams,
  param,
  pick,
  readParams,
  uploadParams,
} from './params.ts';

test('cloneParams gives handles of their own to the same values', async () => {
  const all = { a: tf.tensor1d([1, 2]) };
  const copy = cloneParams(all);
  all.a.dispose();
  expect([...(await copy['a']!.data())]).toEqual([1, 2]);
});

test('pick and param give the tensors themselves, or say which is missing', () => {
  const all = { a: tf.scalar(1), b: tf.scalar(2) };
  expect(pick(all, ['b'])).toEqual({ b: all.b });
  expect(pick(all, ['b'])['b']).toBe(all.b);
  expect(param(all, 'a')).toBe(all.a);
  expect(() => pick(all, ['a', 'fc.weight'])).toThrow(/"fc.weight" is missing/);
  expect(() => param(all, 'c')).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
});

test('countParams counts numbers', () => {
  expect(countParams({ a: tf.zeros([2, 3]), b: tf.scalar(1) })).toBe(7);
});

describe('readParams and uploadParams', () => {
  test('carry numbers, shapes and types both ways', async () => {
    const host = {
      w: { shape: [2, 2], dtype: 'float32', data: Float32Array.of(1, 2.5, -3, 4) },
      n: { shape: [3], dtype: 'int32', data: Int32Array.of(1, -2, 3) },
      s: { shape: [], dtype: 'float32', data: Float32Array.of(7) },
    } as const;
    const tensors = uploadParams(host);
    expect(tensors['n']!.dtype).toBe('int32');
    expect(await readParams(tensors)).toEqual(host);
    expect(leaked(() => tf.dispose(uploadParams(host)))).toBe(0);
  });

  test('share no memory with the backend', async () => {
    const tensors = uploadParams({ w: { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) } });
    (await readParams(tensors))['w']!.data[0] = 99;
    expect((await readParams(tensors))['w']!.data[0]).toBe(1);
  });

  test('read truth values as whole numbers', async () => {
    const { mask } = await readParams({ mask: tf.greater(tf.tensor1d([1, -1]), 0) });
    expect(mask).toEqual({ shape: [2], dtype: 'int32', data: Int32Array.of(1, 0) });
  });
});

describe('compareShapes', () => {
  test('lists what is missing, unexpected or of another shape', () => {
    expect(compareShapes({ a: [1, 2], b: [3], c: [] }, { a: [2, 1], c: [], d: [4] })).toEqual([
      { name: 'a', expected: [1, 2], found: [2, 1] },
      { name: 'b', expected: [3] },
      { name: 'd', found: [4] },
    ]);
    expect(compareShapes({ a: [1] }, { a: [1] })).toEqual([]);
  });

  test('is not fooled by names that every object has', () => {
    expect(compareShapes({ constructor: [1] }, {})).toEqual([{ name: 'constructor', expected: [1] }]);
    expect(compareShapes({}, { toString: [1] })).toEqual([{ name: 'toString', found: [1] }]);
  });
});

describe('assertSameShapes', () => {
  test('says what differs, where, and what to do', () => {
    const check = (): void =>
      assertSameShapes(
        { a: [1, 2], b: [3] },
        { a: [2, 1], c: [] },
        'run/1',
        'use the checkpoint of this network.',
      );
    expect(check).toThrow(
      [
        'The tensors do not belong to this network: 3 of 2 names differ.',
        '  a: expected [1, 2], found [2, 1]',
        '  b: missing, expected [3]',
        '  c: unexpected, found []',
        '  at run/1',
        '  hint: use the checkpoint of this network.',
      ].join('\n'),
    );
    expect(check).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
    expect(() => assertSameShapes({ a: [1] }, { a: [1] }, '', '')).not.toThrow();
  });

  test('lists a dozen and counts the rest', () => {
    const many = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`p${i}`, [1]]));
    expect(() => assertSameShapes(many, {}, 'x', 'y')).toThrow(/p11: missing.*\n {2}\.\.\. and 3 more/);
  });
});
