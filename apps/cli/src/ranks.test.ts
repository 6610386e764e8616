// `manet train` as the ranks of a job. Every process is the built command.

import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeSafetensors } from '@ma-net/core';
import { notHere } from '@ma-net/testing';
import { type Ended, mpirun, underMpi } from '@ma-net/testing/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { jobOf } from './ranks.ts';

const MAIN = join(import.meta.dirname, '../dist/main.js');
const SHORT = ['epochs=0.25', 'data.validation=0', 'data.trainLimit=512', 'data.testLimit=64', 'saveEvery=2'];
const short = SHORT.flatMap((change) => ['--set', change]);

function manet(size: number, cwd: string, ...args: string[]): Promise<Ended> {
  return underMpi(size, [MAIN, ...args, '--threads', '1'], { cwd });
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'ma-net-ranks-'));

/** What a run has trained, by name: weights, and astrocytes. */
function weightsOf(run: string): Map<string, Float32Array> {
  const { tensors } = decodeSafetensors(readFileSync(join(run, 'checkpoint.safetensors')), run);
  const own = Object.entries(tensors).filter(([name]) => /^(params|phi)\//.test(name));
  return new Map(own.map(([name, { data }]) => [name, data as Float32Array]));
}

function difference(a: string, b: string): number {
  const other = weightsOf(b);
  let most = 0;
  for (const [name, values] of weightsOf(a)) {
    const largest = Math.max(1e-3, ...values.map(Math.abs));
    values.forEach((w, i) => (most = Math.max(most, Math.abs(w - other.get(name)![i]!) / largest)));
  }
  return most;
}

test('a process that stands alone loads nothing of it', async () => {
  expect(await jobOf({})).toBeUndefined();
  expect(await jobOf({ OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' })).toBeUndefined();
});

if (mpirun === undefined) notHere('MPI', 'no mpirun');
else {
  const digits = (...more: string[]): readonly string[] => ['--recipe', 'digits', ...short, ...more];
  const scenes = [
    'data.train=32',
    'data.test=8',
    'network.body.width=4',
    'network.width=32',
    'epochs=1',
    'batchSize=8',
  ];
  describe.each([
    ['plain', digits('--method', 'plain')],
    // MA-Net's first rounds are plain ones: here the astrocytes begin at once, and the weights follow.
    ['MA-Net', digits('--method', 'ma-net', '--set', 'method.plainRounds=0', '--set', 'epochs=0.5')],
    // A loss that is divided by how many objects there are, of all ranks.
    [
      'detection',
      ['--recipe', 'scenes-fcos', '--method', 'plain', ...scenes.flatMap((change) => ['--set', change])],
    ],
  ])('%s', (_, recipe) => {
    const cwd = folder();
    const args = ['train', ...recipe, '--sync-bn'];

    beforeAll(async () => {
      const ended = await Promise.all([1, 2, 4].map((n) => manet(n, cwd, ...args, '--out', `r${n}`)));
      for (const { code, stderr } of ended) expect(code, stderr).toBe(0);
    }, 180_000);

    test.each([2, 4])('%i ranks end with the weights of one process', (size) => {
      expect(difference(join(cwd, 'r1'), join(cwd, `r${size}`))).toBeLessThan(2e-4);
    });

    test('a run of two ranks says so, and has one directory', async () => {
      const facts = JSON.parse(readFileSync(join(cwd, 'r2/run.json'), 'utf8'));
      expect(facts.ranks.size).toBe(2);
      expect(readdirSync(cwd).filter((name) => name.startsWith('r')).length).toBe(3);
    });
  });

  test('what differs between ranks is refused by name, and nothing is written', async () => {
    const cwd = folder();
    // A wrapper that gives rank 1 another command line.
    const wrapper = join(cwd, 'other.mjs');
    writeFileSync(
      wrapper,
      `const seed = process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK;
       process.argv.push('--seed', seed);
       process.argv[1] = ${JSON.stringify(MAIN)};
       await import(${JSON.stringify(MAIN)});`,
    );
    const { code, stderr } = await underMpi(2, [wrapper, 'train', '--recipe', 'digits', ...short], { cwd });
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      'error [bad-recipe]: Rank 1 cannot take part. Its recipe is another one: seed: 0, now 1.',
    );
    expect(readdirSync(cwd)).toEqual(['other.mjs']);
  }, 60_000);

  test('a mini-batch that cannot be shared is refused once', async () => {
    const { code, stderr } = await manet(3, folder(), 'train', '--recipe', 'digits', ...short);
    expect(code).not.toBe(0);
    expect(stderr.match(/cannot be shared equally by 3 ranks/g)?.length).toBe(1);
  }, 60_000);

  test('after a rank was killed the rest ends, the last checkpoint is whole, and another number of ranks goes on', async () => {
    const cwd = folder();
    const wrapper = join(cwd, 'mortal.mjs');
    // Rank 1 is killed from outside, as a machine that fails would be, once there is a checkpoint.
    writeFileSync(
      wrapper,
      `import { existsSync } from 'node:fs';
       if ((process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK) === '1')
         setInterval(() => existsSync('run/checkpoint.safetensors') && process.kill(process.pid, 'SIGKILL'), 20);
       process.argv[1] = ${JSON.stringify(MAIN)};
       await import(${JSON.stringify(MAIN)});`,
    );
    const args = [
      'train',
      '--recipe',
      'digits',
      '--method',
      'plain',
      ...short,
      '--sync-bn',
      '--threads',
      '1',
    ];
    const killed = await underMpi(2, [wrapper, ...args, '--set', 'epochs=3', '--out', 'run'], { cwd });
    expect(killed.code).not.toBe(0);
    const resumed = await manet(1, cwd, 'train', '--resume', 'run');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toMatch(/continuing after mini-batch \d*[02468] of 24/);
    const whole = await manet(1, cwd, ...args.slice(0, -2), '--set', 'epochs=3', '--out', 'whole');
    expect(whole.code, whole.stderr).toBe(0);
    expect(difference(join(cwd, 'run'), join(cwd, 'whole'))).toBeLessThan(1e-3);
  }, 180_000);
}
