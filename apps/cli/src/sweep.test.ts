// The command as a person runs it, and kills it; and its values, as they are typed.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';
import { axesAndChanges, axis } from './option-values.ts';

describe('a field and its values', () => {
  test.each([
    ['epochs=3', ['3']],
    ['optimizer.learningRate=0.1,0.05', ['0.1', '0.05']],
    ['method.a=[1,2],[3]', ['[1,2]', '[3]']],
    ['about="one, two"', ['"one, two"']],
    ['about=', ['']],
  ])('%s', (text, values) => {
    expect(axis(text, [])).toEqual([{ path: text.slice(0, text.indexOf('=')), values }]);
  });

  test.each(['epochs', '=3', 'epochs=1,,2', 'epochs=1,1'])('refuses %s', (text) => {
    expect(() => axis(text, [])).toThrow();
  });

  test('of one value are no axis', () => {
    const given = axis('epochs=1,2', axis('batchSize=16', []));
    expect(axesAndChanges(given)).toEqual({
      axes: [{ path: 'epochs', values: ['1', '2'] }],
      changes: ['batchSize=16'],
    });
  });
});

test('several jobs share a sweep; killed with all its jobs, it goes on', { timeout: 180_000 }, async () => {
  const folder = newFolder();
  const set = ['--set', 'optimizer.learningRate=0.05,0.1', '--set', 'saveEvery=4'];
  const args = ['sweep', ...TINY, ...set, '--seeds', '0,1', '--jobs', '2', '--out', 'swept'];
  const out = join(folder, 'swept');
  const first = join(out, 'learningRate=0.05-s0');
  const started = startManet(args, folder);
  while (!existsSync(`${first}.json`) && started.process.exitCode === null) await setTimeout(20);
  expect(started.process.exitCode).toBeNull();
  started.process.kill('SIGKILL');
  await started.finished;
  const trained = statSync(join(first, 'checkpoint.safetensors')).mtimeMs;

  const { code, stdout, stderr } = await manet(args, folder);
  expect(code, stderr).toBe(0);
  expect(statSync(join(first, 'checkpoint.safetensors')).mtimeMs).toBe(trained);
  const rows = stdout.split('\n').filter((line) => line.includes('learningRate='));
  expect(rows.map((row) => row.trim().split(/ +/).slice(0, 2))).toEqual([
    ['optimizer.learningRate=0.05', '2'],
    ['optimizer.learningRate=0.1', '2'],
  ]);
  expect(readdirSync(out).filter((name) => name.endsWith('.safetensors')).length).toBe(4);
});
