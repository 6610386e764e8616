// The settings that npm finds here: known to it, and without install scripts.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './repository.ts';

test('no command of npm begins with a warning about them', () => {
  const settings = readFileSync(join(root, '.npmrc'), 'utf8').trim().split('\n');
  const names = settings.map((line) => line.split('=')[0]!);
  expect(names).toContain('ignore-scripts');
  const { stdout, stderr } = spawnSync('npm', ['config', 'get', ...names], { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n').toSorted()).toEqual(settings.toSorted());
});
