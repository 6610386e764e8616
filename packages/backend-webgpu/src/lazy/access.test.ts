import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { type Access, affine, repeated, sizeOf, stridesOf } from './access.ts';

const at = (access: Access | undefined, place: number): number =>
  access === undefined
    ? place
    : access.terms.reduce((sum, { div, mod, mul }) => {
        const whole = Math.floor(place / div);
        return sum + (mod === 0 ? whole : whole % mod) * mul;
      }, access.offset);

const coordinates = (shape: readonly number[], place: number): number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(place / stride) % shape[axis]!);

test('an affine access finds the place of each coordinate', () => {
  const rng = Rng.fromSeed(3);
  for (let round = 0; round < 300; round++) {
    const shape = Array.from({ length: rng.integer(5) }, () => 1 + rng.integer(4));
    const strides = shape.map(() => rng.integer(5) * (1 + rng.integer(3)));
    const offset = rng.integer(4);
    const access = affine(shape, strides, offset);
    for (let place = 0; place < sizeOf(shape); place++) {
      const wanted = coordinates(shape, place).reduce((sum, c, axis) => sum + c * strides[axis]!, offset);
      expect(at(access, place), `${shape} by ${strides}`).toBe(wanted);
    }
  }
});

test('axes that lie behind each other are one', () => {
  expect(affine([2, 3, 4], [12, 4, 1])).toBeUndefined();
  expect(affine([2, 1, 4], [4, 99, 1])).toBeUndefined();
  expect(affine([2, 3, 4], [0, 4, 1])).toEqual({ offset: 0, terms: [{ div: 1, mod: 12, mul: 1 }] });
  expect(affine([2, 3, 4], [3, 1, 0])).toEqual({ offset: 0, terms: [{ div: 4, mod: 0, mul: 1 }] });
});

test('an operand is repeated along axes of 1 and along those that it lacks', () => {
  expect(repeated([2, 3], [2, 3])).toBeUndefined();
  expect(repeated([1, 2, 3], [2, 3])).toBeUndefined();
  expect([0, 1, 2, 3, 4, 5].map((place) => at(repeated([2, 3], [3]), place))).toEqual([0, 1, 2, 0, 1, 2]);
  expect([0, 1, 2, 3, 4, 5].map((place) => at(repeated([2, 3], [2, 1]), place))).toEqual([0, 0, 0, 1, 1, 1]);
  expect([0, 5].map((place) => at(repeated([2, 3], []), place))).toEqual([0, 0]);
});
