// Processes under a real launcher; each is test/rank.mjs, of the built packages.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notHere } from '@ma-net/testing';
import { type Ended, mpirun, underMpi } from '@ma-net/testing/node';
import { describe, expect, test } from 'vitest';
import { openRanks } from './index.ts';
import type { Library } from './library.ts';

const RANK = join(import.meta.dirname, '../test/rank.mjs');

interface Said {
  readonly rank: number;
  readonly size: number;
  // What each act returns stands in test/rank.mjs.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly result: any;
}

async function said(size: number, act: string, backend = 'cpu'): Promise<readonly Said[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-mpi-'));
  const { code, stderr } = await underMpi(size, [RANK, act, backend, folder]);
  expect(code, stderr).toBe(0);
  const files = Array.from({ length: size }, (_, rank) => readFileSync(join(folder, `${rank}.json`), 'utf8'));
  rmSync(folder, { recursive: true });
  return files.map((text) => JSON.parse(text) as Said);
}

if (mpirun === undefined) notHere('MPI', 'no mpirun');
else {
  test.each([2, 3])(
    '%i ranks average, gather and broadcast',
    async (size) => {
      for (const { rank, result } of await said(size, 'basics')) {
        const ranks = Array.from({ length: size }, (_, r) => r);
        const mean = (of: (r: number) => number) => ranks.reduce((sum, r) => sum + of(r), 0) / size;
        expect(result).toEqual({
          a: [mean((r) => r), 1, 2, 3],
          shape: [2, 2],
          b: [Math.fround(mean((r) => r * r))],
          said: ranks.map((r) => `rank ${r} ${'é'.repeat(r)}`),
          sent: [1001, 9],
          bytes: [1, 2, 3],
          empty: [],
          refused: 'bad-argument',
        });
        expect(rank).toBeLessThan(size);
      }
    },
    60_000,
  );

  test('what is more than one message arrives whole', async () => {
    for (const { result } of await said(2, 'large'))
      expect(result).toEqual({ ends: [0.5, 0.5], bytes: [2 ** 26 + 5, 7, 7] });
  }, 60_000);

  describe.each(['cpu', 'onnx'])('%s', (backend) => {
    test('means of what is still to be computed leave what others hold alone', async () => {
      for (const { rank, result } of await said(2, 'computed', backend)) {
        // Of 2 (r + 1), 2 (r + 2), r and 2 (r + 2), over r = 0, 1.
        const means = [3, 5, 0.5, 5];
        expect(result.means).toEqual(means.map((mean) => [mean, mean]));
        const held = 2 * (rank + 2);
        expect(result.own).toEqual([[held, held], [rank, rank], 2 * held]);
      }
    }, 60_000);

    test('the mean inside of a step has the mean of the gradients', async () => {
      // Means of [1, 0] and [2, 2] are m = [1.5, 1]; rank r loses (r + 1) |m|^2, of gradient 2 (r + 1) m.
      const [a, b] = await said(2, 'gradient', backend);
      expect(a!.result).toEqual({ value: [3.25], grad: [4.5, 3] });
      expect(b!.result).toEqual({ value: [6.5], grad: [4.5, 3] });
    }, 60_000);

    test('synchronised batch normalisation is that of one process: loss, gradients, statistics', async () => {
      const [[alone], two, four] = await Promise.all([
        said(1, 'syncBatchNorm', backend),
        said(2, 'syncBatchNorm', backend),
        said(4, 'syncBatchNorm', backend),
      ]);
      const expected = alone!.result as Record<string, number[]>;
      expect(Object.keys(expected)).toContain('bn1.running_var');
      for (const { result } of [...two, ...four]) {
        for (const [name, values] of Object.entries(expected)) {
          // A convolution before a normalisation has the gradient of a sum of zeros: as large as what was summed.
          const largest = Math.max(1e-2, ...values.map(Math.abs));
          values.forEach((x, i) => expect(Math.abs(result[name][i] - x), name).toBeLessThan(1e-5 * largest));
        }
      }
    }, 60_000);
  });

  test('a rank that ends takes the others with it', async () => {
    const started = performance.now();
    const { code }: Ended = await underMpi(2, [RANK, 'dies', 'cpu', tmpdir()]);
    expect(code).toBe(7);
    expect(performance.now() - started).toBeLessThan(30_000);
  }, 60_000);
}

/** A library that sees so many ranks, and remembers how it was left. */
function fake(size: number): Library & { readonly left: string[] } {
  const left: string[] = [];
  return {
    left,
    about: 'Fake MPI (libfake.so)',
    rank: 0,
    size,
    sum: async () => undefined,
    sumNow: () => undefined,
    broadcast: async () => undefined,
    gather: async () => undefined,
    finalize: () => void left.push('finalize'),
    abort: (code) => void left.push(`abort ${code}`),
  };
}

test('a library of another MPI than the launcher is refused', () => {
  expect(() => openRanks({ rank: 1, size: 4, here: 4 }, fake(1))).toThrow(
    expect.objectContaining({
      code: 'backend-failed',
      message: expect.stringContaining('started 4 ranks, and Fake MPI (libfake.so) sees 1'),
    }),
  );
});

test('the job is left once, in peace or not', () => {
  const [peaceful, failing] = [fake(2), fake(2)];
  const job = { rank: 0, size: 2, here: 2 };
  const ranks = openRanks(job, peaceful);
  ranks.close();
  ranks.abort(3);
  expect(peaceful.left).toEqual(['finalize']);
  openRanks(job, failing).abort(3);
  expect(failing.left).toEqual(['abort 3']);
});
