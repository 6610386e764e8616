import { expect, test } from 'vitest';
import { digitOf } from './drawn-digit.ts';

/** A drawing of `side` pixels with ink where `inked` says. */
function drawing(side: number, inked: (x: number, y: number) => boolean) {
  const ink = Float32Array.from({ length: side * side }, (_, i) =>
    Number(inked(i % side, Math.floor(i / side))),
  );
  return { width: side, height: side, ink };
}

test('ink fills the digit, wherever and however large it is drawn', () => {
  const small = digitOf(drawing(100, (x, y) => x >= 10 && x < 26 && y >= 60 && y < 76))!;
  const large = digitOf(drawing(300, (x, y) => x >= 20 && x < 220 && y >= 20 && y < 220))!;
  expect([...small]).toEqual(Array.from({ length: 64 }, () => 1));
  expect(small).toEqual(large);
});

test('proportions stay, and a narrow stroke stands in the middle', () => {
  const one = digitOf(drawing(200, (x, y) => x >= 30 && x < 60 && y >= 20 && y < 140))!;
  const columns = Array.from({ length: 8 }, (_, x) =>
    [...one].filter((_, i) => i % 8 === x).reduce((a, b) => a + b),
  );
  expect(columns).toEqual([0, 0, 0, 8, 8, 0, 0, 0]);
});

test('a pixel counts the ink of its block', () => {
  // A square with a quarter missing: its pixels there are empty, those on the border half.
  const three = digitOf(drawing(64, (x, y) => x < 40 || y < 40))!;
  const inside = Array.from({ length: 64 }, (_, i) => (i % 8 < 5 || i < 40 ? 1 : 0));
  expect([...three]).toEqual(inside);
});

test('without ink there is no digit', () => {
  expect(digitOf(drawing(50, () => false))).toBeUndefined();
});
