import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { killTrainings } from './kill.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('a few kills, inside writes and between them, lose nothing and change nothing', {
  timeout: 300_000,
}, async () => {
  const { kills, inside, runs, readers } = await killTrainings({ kills: 4, seed: 3, reading: 1, root });
  expect(kills).toBeGreaterThanOrEqual(4);
  expect(inside).toBeGreaterThan(0);
  expect(runs).toBeGreaterThan(0);
  expect(readers).toBeGreaterThan(0);
});
