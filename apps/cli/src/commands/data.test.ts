import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manet, newFolder } from '../../test/manet.ts';

/** 5 rows of 6 red pixels. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAYAAAAFCAIAAADpOgqxAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEklEQVQImWP4z8CAhtD5lAgBAKn7HeOOwj/YAAAAAElFTkSuQmCC',
  'base64',
);
const folder = newFolder();
for (const name of ['a/1.png', 'a/2.png', 'b/1.png']) {
  mkdirSync(join(folder, 'photos', name, '..'), { recursive: true });
  writeFileSync(join(folder, 'photos', name), png);
}

test('a folder is described', async () => {
  const { code, stdout } = await manet(['data', 'check', 'photos'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain('images     3 in 2 classes');
  expect(stdout).toContain('1 (b) to 2 (a)');
  expect(stdout).toContain('5 x 6 to 5 x 6 pixels');
  expect(stdout).toContain('broken     none');
});

test('a broken image is named, and the code says so', async () => {
  writeFileSync(join(folder, 'photos/b/2.png'), 'oops');
  const { code, stdout } = await manet(['data', 'check', 'photos'], folder);
  expect(code).toBe(1);
  expect(stdout).toMatch(/photos\/b\/2\.png: The image cannot be decoded/);
});

test('unknown actions and data sets are refused with the nearest', async () => {
  const action = await manet(['data', 'chek', 'photos'], folder);
  expect(action.code).toBe(1);
  expect(action.stderr).toContain('did you mean "check"?');
  const set = await manet(['data', 'download', 'cifar11'], folder);
  expect(set.code).toBe(1);
  expect(set.stderr).toMatch(/did you mean "cifar10+"\?/);
});

describe("a folder in COCO's layout", () => {
  const coco = (name: string, changes: object): void => {
    for (const part of ['annotations', 'train']) mkdirSync(join(folder, name, part), { recursive: true });
    writeFileSync(join(folder, name, 'train', 'a.png'), png);
    const images = [{ id: 1, file_name: 'a.png', height: 5, width: 6 }];
    const categories = [
      { id: 3, name: 'cat' },
      { id: 8, name: 'dog' },
    ];
    const annotations = [{ id: 1, image_id: 1, category_id: 3, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 }];
    const text = JSON.stringify({ images, categories, annotations, ...changes });
    writeFileSync(join(folder, name, 'annotations', 'instances_train.json'), text);
  };

  test('is described', async () => {
    coco('whole', {});
    const { code, stdout } = await manet(['data', 'check', 'whole'], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/images +1\n.*objects +1 in 1 classes, 0 of them crowds/);
    expect(stdout).toMatch(/up to 1: data\.objects must be as much\n.*unused +dog\n.*problems +none/);
  });

  test('all that is wrong in it is told, and nothing is changed', async () => {
    const one = { id: 1, image_id: 1, category_id: 3, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 };
    const annotations = [
      { ...one, image_id: 5 },
      { ...one, id: 2, category_id: 4 },
      { ...one, id: 3, bbox: [3, 3, 9, 2] },
      { ...one, id: 4, bbox: [0, 0, 0, 2] },
      { ...one, id: 5, segmentation: { size: [6, 5], counts: [30] } },
    ];
    coco('broken', { annotations });
    const file = join(folder, 'broken', 'annotations', 'instances_train.json');
    const before = readFileSync(file);
    const { code, stdout } = await manet(['data', 'check', 'broken'], folder);
    expect(code).toBe(1);
    for (const line of [
      /problems +5/,
      /annotation 1: there is no image 5/,
      /annotation 2: there is no category 4/,
      /annotation 3: its box 3, 3, 9 x 2 leaves the image of 6 x 5/,
      /annotation 4: its box has no area: 0 x 2/,
      /annotation 5: its mask is of 6 x 5 pixels, the image of 5 x 6/,
    ])
      expect(stdout).toMatch(line);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});
