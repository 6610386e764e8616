import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { killRuns } from './kill.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test.each([
  ['train', 3],
  ['search', 5],
] as const)(
  'a few kills of %s, inside writes and between them, lose nothing and change nothing',
  {
    timeout: 300_000,
  },
  async (command, seed) => {
    const { kills, inside, runs, readers } = await killRuns({ command, kills: 4, seed, reading: 1, root });
    expect(kills).toBeGreaterThanOrEqual(4);
    expect(inside).toBeGreaterThan(0);
    expect(runs).toBeGreaterThan(0);
    expect(readers).toBeGreaterThan(0);
  },
);
