// Results files on the command line. Runs and files of networks are measured where they are made.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

const folder = newFolder();
const run = (...args: string[]) => manet(['eval', ...args], folder);

beforeAll(() => {
  for (const part of ['annotations', 'val']) mkdirSync(join(folder, 'set', part), { recursive: true });
  const images = [{ id: 7, file_name: 'a.png', height: 40, width: 60 }];
  const categories = [
    { id: 3, name: 'cat' },
    { id: 8, name: 'dog' },
  ];
  const annotations = [{ id: 1, image_id: 7, category_id: 8, bbox: [0, 0, 20, 10], area: 200, iscrowd: 0 }];
  const text = JSON.stringify({ images, categories, annotations });
  writeFileSync(join(folder, 'set', 'annotations', 'instances_val.json'), text);
  const found = [{ image_id: 7, category_id: 8, bbox: [0, 0, 20, 9], score: 0.5 }];
  writeFileSync(join(folder, 'found.json'), JSON.stringify(found));
  writeFileSync(join(folder, 'other.json'), JSON.stringify([{ ...found[0], image_id: 70 }]));
});

test('a results file is measured on the images of a folder', async () => {
  const { code, stdout, stderr } = await run('--results', 'found.json', '--data', 'set', '--classes');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^found\.json, 1 detections in 1 images of set.*instances_val\.json\n/);
  // The box overlaps by 0.9, which is more than the ninth threshold and less than the tenth.

  expect(stdout).toMatch(/\n {2}AP +90\.00 %\n {2}AP50 +100\.00 %/);
  expect(stdout).toMatch(/dog +90\.00 +100\.00/);
});

test.each([
  [['--results', 'other.json', '--data', 'set'], 'bad-data', /of image 70[^]*instances_val[^]*--data/],
  [['--results', 'gone.json', '--data', 'set'], 'not-found', /gone\.json/],
  [['--results', 'found.json'], 'bad-argument', /--data/],
  [['runs/x', '--results', 'found.json', '--data', 'set'], 'bad-argument', /leave runs\/x out/],
  [['--results', 'found.json', '--data', 'set', '--best'], 'bad-argument', /leave --best out/],
])('manet eval %j is refused', async (args, errorCode, words) => {
  const { code, stderr } = await run(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(`error [${errorCode}]: `);
  expect(stderr).toMatch(words);
});

test('there must be something to measure', async () => {
  const { code, stderr } = await run('--classes');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/nothing to measure[^]*--results/)]);
});
