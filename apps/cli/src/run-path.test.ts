import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newFolder } from '../test/manet.ts';
import { freePath } from './run-path.ts';

const home = process.cwd();
beforeAll(() => process.chdir(newFolder()));
afterAll(() => process.chdir(home));

test('a run is called after what it trains, and numbered when the name is taken', () => {
  const recipe = { name: 'digits', method: 'plain', seed: 3 } as const;
  expect(freePath(recipe)).toBe('runs/digits-plain-s3');
  mkdirSync('runs/digits-plain-s3', { recursive: true });
  mkdirSync('runs/digits-plain-s3-2');
  expect(freePath(recipe)).toBe('runs/digits-plain-s3-3');
});
