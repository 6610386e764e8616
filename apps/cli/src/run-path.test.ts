import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newFolder } from '../test/manet.ts';
import { freePath } from './run-path.ts';

const home = process.cwd();
beforeAll(() => process.chdir(newFolder()));
afterAll(() => process.chdir(home));

test('a run is called after what it trains, and numbered when the name is taken', () => {
  const recipe = { name: 'digits', method: { use: '@ma-net/baselines#plain' }, seed: 3 };
  expect(freePath(recipe)).toBe('runs/digits-plain-s3');
  mkdirSync('runs/digits-plain-s3', { recursive: true });
  mkdirSync('runs/digits-plain-s3-2');
  expect(freePath(recipe)).toBe('runs/digits-plain-s3-3');
});

test.each([
  ['../../etc/passwd', 'etc-passwd'],
  ['/absolute', 'absolute'],
  ['..', 'recipe'],
  ['', 'recipe'],
  ['.hidden', 'hidden'],
  ['C:\\windows', 'C-windows'],
  ['\x1b[31mred\x1b[0m', '31mred-0m'],
  ['a\0b\nc', 'a-b-c'],
  ['猫 v1.2_x', '猫-v1.2_x'],
  ['n'.repeat(300), 'n'.repeat(60)],
])('a recipe called %j stays inside runs/', (name, folder) => {
  expect(freePath({ name, method: { use: 'x#plain' }, seed: 0 })).toBe(`runs/${folder}-plain-s0`);
});

test('so does a method', () => {
  const recipe = { name: 'digits', method: { use: 'x#../a b' }, seed: 0 };
  expect(freePath(recipe)).toBe('runs/digits-a-b-s0');
});
