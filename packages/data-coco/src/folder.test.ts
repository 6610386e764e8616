import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findCoco, readCoco } from './folder.ts';
import { coco, parts, scenes } from './parts.ts';

function annotations(names: readonly string[]): string {
  return JSON.stringify({
    images: [{ id: 1, file_name: 'a.jpg', height: 4, width: 4 }],
    categories: names.map((name, i) => ({ id: 10 * i, name })),
    annotations: [{ id: 1, image_id: 1, category_id: 0, bbox: [0, 0, 2, 2], area: 4, iscrowd: 0 }],
  });
}

/** A folder with these files. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coco-folder-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

test("COCO's own names are found, and images in a folder of their own", async () => {
  const folder = await folderOf({
    'annotations/instances_train2017.json': annotations(['cat', 'dog']),
    'annotations/instances_val2017.json': annotations(['cat', 'dog']),
    'annotations/captions_train2017.json': '{}',
    'train2017/a.jpg': '',
    'images/val2017/a.jpg': '',
  });
  const at = (...path: string[]) => join(folder, ...path);
  expect(await findCoco(folder)).toEqual({
    train: { annotations: at('annotations', 'instances_train2017.json'), images: at('train2017') },
    test: { annotations: at('annotations', 'instances_val2017.json'), images: at('images', 'val2017') },
  });
  const { classNames, train, test: held } = await readCoco(folder);
  expect([classNames, train.size, held?.size]).toEqual([['cat', 'dog'], 1, 1]);
});

test('annotations beside their images are found', async () => {
  const folder = await folderOf({
    'train/_annotations.coco.json': annotations(['cat']),
    'valid/_annotations.coco.json': annotations(['cat']),
  });
  const { train, test: held } = await findCoco(folder);
  expect([train?.images, held?.images]).toEqual([join(folder, 'train'), join(folder, 'valid')]);
});

test('what is missing is named', async () => {
  const refused = (files: Readonly<Record<string, string>>) =>
    expect(folderOf({ 'readme.txt': '', ...files }).then(readCoco)).rejects;
  const train = { 'annotations/instances_train.json': annotations(['cat']) };
  await refused({}).toThrow(/no file of annotations/);
  await refused(train).toThrow(/folder of the images is missing/);
  await refused({ 'annotations/instances_val.json': annotations(['cat']), 'val/a.jpg': '' }).toThrow(
    /no annotations of training images/,
  );
  await refused({
    ...train,
    'annotations/instances_val.json': annotations(['dog']),
    'train/a.jpg': '',
    'val/a.jpg': '',
  }).toThrow(/Class 0 is "cat" in training and "dog" in test/);
});

test('recipes choose the parts by name; a folder is needed where images are not made', async () => {
  expect(parts).toEqual([scenes, coco]);
  expect(coco({})).toMatchObject({ use: '@ma-net/data-coco#coco', objects: 100 });
  await expect(coco.open(coco.schema.parse({}))).rejects.toMatchObject({ code: 'not-found' });
});

test('an image with more objects than there is room for is told before anything is trained', async () => {
  const crowded = (name: string): string => {
    const {
      annotations: [one],
      ...rest
    } = JSON.parse(annotations(['cat'])) as { annotations: object[] };
    const changes = [{}, {}, {}, { iscrowd: 1 }, { bbox: [0, 0, 0, 2] }];
    const all = changes.map((change, i) => ({ ...one, id: i + 1, ...change }));
    return JSON.stringify({ ...rest, annotations: all }).replace('a.jpg', name);
  };
  const files = { 'train/a.jpg': '', 'val/b.jpg': '', 'annotations/instances_val.json': crowded('b.jpg') };
  const folder = await folderOf({ ...files, 'annotations/instances_train.json': annotations(['cat']) });
  const open = (objects: number) => coco.open(coco.schema.parse({ path: folder, objects }));
  await expect(open(2)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(
      /1 of 1 images have more objects than .* 2: the first is "b\.jpg" with 3/,
    ) as string,
    where: join(folder, 'annotations', 'instances_val.json'),
    hint: expect.stringContaining('data.objects=3') as string,
  });
  // Crowds and what has no area take no room.
  expect((await open(3)).test.samples).toBe(1);
  await expect(scenes.open(scenes.schema.parse({ digits: [1, 9] }))).rejects.toMatchObject({
    code: 'bad-argument',
    hint: expect.stringContaining('data.objects=9') as string,
  });
});
