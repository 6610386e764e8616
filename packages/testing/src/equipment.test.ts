import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { expect, test } from 'vitest';
import { chromium, swiftshader, tfjsNode, useSwiftShader } from './equipment.ts';

test('what is found exists', () => {
  for (const path of [chromium, swiftshader]) if (path !== undefined) expect(existsSync(path)).toBe(true);
  expect(isAbsolute(tfjsNode)).toBe(true);
});

test('a driver that was chosen stands', () => {
  process.env['VK_ICD_FILENAMES'] = '/chosen_icd.json';
  useSwiftShader();
  expect(process.env['VK_ICD_FILENAMES']).toBe('/chosen_icd.json');
  delete process.env['VK_ICD_FILENAMES'];
  useSwiftShader();
  expect(process.env['VK_ICD_FILENAMES']).toBe(swiftshader);
});
