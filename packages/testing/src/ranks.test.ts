import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { notHere } from './not-here.ts';
import { mpirun, underMpi } from './node.ts';
import { ranksOf } from './ranks-of.ts';

if (mpirun === undefined) notHere('MPI', 'no mpirun');
else {
  test('runs as many processes as are asked for, with what is given them', async () => {
    const program = 'console.log(process.env.GIVEN, process.argv.at(-1))';
    const { code, stdout } = await underMpi(2, ['-e', program, 'argument'], { env: { GIVEN: 'given' } });
    expect(code).toBe(0);
    expect(stdout.trim().split(/\r?\n/)).toEqual(['given argument', 'given argument']);
  }, 60_000);

  test('tells how they ended', async () => {
    expect((await underMpi(1, ['-e', 'process.exit(3)'])).code).toBe(3);
    expect(execFileSync(mpirun!, ['--version'], { encoding: 'utf8' })).not.toBe('');
  }, 60_000);
}

test('ranks of one process meet, and each gets what all of them gave', async () => {
  const ranks = ranksOf(3);
  expect(ranks.map(({ rank, size }) => [rank, size])).toEqual([0, 1, 2].map((rank) => [rank, 3]));
  const heard = await Promise.all(ranks.map((one) => one.gather(`rank ${one.rank}`)));
  for (const words of heard) expect(words).toEqual(['rank 0', 'rank 1', 'rank 2']);
  const [first, ...others] = ranks;
  const sent = await Promise.all([
    first!.broadcast(Uint8Array.of(4, 2)),
    ...others.map((one) => one.broadcast()),
  ]);
  for (const bytes of sent) expect([...bytes]).toEqual([4, 2]);
});
