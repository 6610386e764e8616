import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCoco } from './check.ts';

/** 5 rows of 6 red pixels. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAYAAAAFCAIAAADpOgqxAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEklEQVQImWP4z8CAhtD5lAgBAKn7HeOOwj/YAAAAAElFTkSuQmCC',
  'base64',
);
const red = { height: 5, width: 6 };
const whole = { image_id: 1, category_id: 3, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 };

/** A folder with these annotations of training images, of which `a.png` and `b.png` are there. */
async function folderOf(parts: Record<string, unknown[]>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coco-check-'));
  for (const name of ['annotations', 'train']) await mkdir(join(folder, name));
  for (const name of ['a.png', 'b.png']) await writeFile(join(folder, 'train', name), png);
  await writeFile(join(folder, 'train', 'broken.png'), png.subarray(0, 60));
  const categories = [{ id: 3, name: 'cat' }];
  const text = JSON.stringify({ categories, ...parts });
  await writeFile(join(folder, 'annotations', 'instances_train.json'), text);
  return folder;
}

test('a folder that is right has no problems, and says what it holds', async () => {
  const folder = await folderOf({
    images: [
      { id: 1, file_name: 'a.png', ...red },
      { id: 2, file_name: 'b.png', ...red },
    ],
    annotations: [
      { id: 1, ...whole },
      { id: 2, ...whole, segmentation: { size: [5, 6], counts: [3, 27] } },
      { id: 3, ...whole, iscrowd: 1 },
    ],
  });
  const seen: number[] = [];
  const [report] = await checkCoco(folder, (done) => seen.push(done));
  expect(report).toMatchObject({ images: 2, objects: 3, crowds: 1, most: 2, problems: [] });
  expect([...report!.perClass]).toEqual([['cat', 3]]);
  expect(seen).toEqual([1, 2]);
});

test('every problem is told, with its place', async () => {
  const folder = await folderOf({
    images: [
      { id: 1, file_name: 'a.png', ...red },
      { id: 1, file_name: 'b.png', height: 6, width: 5 },
      { id: 7, file_name: 'gone.png', ...red },
      { id: 8, file_name: 'broken.png', ...red },
      { id: 9, height: 4, width: 4 },
    ],
    annotations: [
      { id: 1, ...whole, image_id: 5 },
      { id: 1, ...whole, image_id: 7, category_id: 4 },
      { id: 2, ...whole, image_id: 7, bbox: [0, 0, 0, 2] },
      { id: 3, ...whole, image_id: 7, bbox: [3, 3, 9, 2] },
      { id: 4, ...whole, image_id: 7, segmentation: { size: [6, 5], counts: [30] } },
      { id: 5, ...whole, image_id: 7, segmentation: { size: [5, 6], counts: [29] } },
      { id: 6, ...whole, image_id: 7, segmentation: [[0, 0, 1, 1]] },
      { id: 7, ...whole, bbox: 'no' },
    ],
  });
  const [{ problems }] = (await checkCoco(folder)) as [Awaited<ReturnType<typeof checkCoco>>[0]];
  const told = problems.map(({ where, what }) => `${where}: ${what}`).join('\n');
  for (const line of [
    /image 1: another image has its id/,
    /images, .*"height":4.*file_name/,
    /annotation 1: another annotation has its id/,
    /annotations, .*: bbox/,
    /annotation 1: there is no image 5/,
    /annotation 1: there is no category 4/,
    /annotation 2: its box has no area: 0 x 2/,
    /annotation 3: its box 3, 3, 9 x 2 leaves the image of 6 x 5/,
    /annotation 4: its mask is of 6 x 5 pixels, the image of 5 x 6/,
    /annotation 5: .*29 pixels/,
    /annotation 6: its outline has less than three corners/,
    /b\.png: it is of 5 x 6 pixels, its annotations of 6 x 5/,
    /gone\.png: the image is missing/,
    /broken\.png: /,
  ])
    expect(told).toMatch(line);
  expect(problems).toHaveLength(14);
});
