// The command as a person runs it, and kills it.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';

test('compares, and goes on after it was killed without training twice', { timeout: 120_000 }, async () => {
  const folder = newFolder();
  const args = ['compare', ...TINY, '--seeds', '0', '--methods', 'plain,slim', '--remove', '40%'];
  const killed = startManet(args, folder);
  await killed.printed('slim-s0');
  await killed.printed('uniformly slim');
  killed.process.kill('SIGKILL');
  await killed.finished;
  const out = join(folder, 'runs', 'compare-digits');
  const trained = statSync(join(out, 'plain-s0', 'checkpoint.safetensors')).mtimeMs;

  const { code, stdout, stderr } = await manet(args, folder);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).not.toContain('plain-s0:');
  expect(statSync(join(out, 'plain-s0', 'checkpoint.safetensors')).mtimeMs).toBe(trained);
  const rows = stdout.split('\n').filter((line) => /^ +(plain|slim) /.test(line));
  expect(rows).toHaveLength(2);
  const parameters = (name: string): number =>
    (JSON.parse(readFileSync(join(out, `${name}-s0.json`), 'utf8')) as { parameters: number }).parameters;
  expect(parameters('slim')).toBeLessThanOrEqual(0.6 * parameters('plain'));

  // All is there: the same command tells it again.
  const again = await manet(args, folder);
  expect(again.stdout).not.toContain('epoch');
  expect(again.stdout.split('\n').filter((line) => rows.includes(line))).toEqual(rows);

  const other = await manet([...args, '--set', 'epochs=2'], folder);
  expect(other.code).toBe(1);
  expect(other.stderr).toContain('started otherwise');
});

test.each([
  [['--remove', '50%', '--latency', '3ms'], 'cannot be used with'],
  [['--seeds', '4..0'], 'range such as 0..4'],
  [['--latency', '0'], 'above 0'],
])('refuses %j', async (wrong, words) => {
  const { code, stderr } = await manet(['compare', '--recipe', 'digits', ...wrong], newFolder());
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});
