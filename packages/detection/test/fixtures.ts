// Numbers of torchvision, detectron2, mmdetection, AdelaiDet and SciPy: fixtures/README.md says of which.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(fixturePath(`${name}.json`), 'utf8')) as T;
}

export function fixturePath(file: string): string {
  return fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
}

export type Rows = readonly (readonly number[])[];

/** Within `tolerance` of the largest magnitude. */
export function expectNear(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(found.length).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0);
  expect(worst).toBeLessThanOrEqual(tolerance * scale);
}
