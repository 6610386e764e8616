import { mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rng } from '@ma-net/core';
import { packTar } from 'modern-tar';
import { describe, expect, test } from 'vitest';
import { readPhotos } from './photos.ts';
import { readShards } from './shards.ts';
import { tarMembers } from './tar-index.ts';

const tar = async (files: Record<string, Uint8Array | string>): Promise<Uint8Array> =>
  packTar(
    Object.entries(files).map(([name, content]) => {
      const body = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      return { header: { name, size: body.length, type: 'file' as const }, body };
    }),
  );

const folderOf = async (files: Record<string, Uint8Array | string>): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'shards-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  return root;
};

const random = (seed: number, length: number): Uint8Array => {
  const rng = Rng.fromSeed(seed);
  return Uint8Array.from({ length }, () => rng.integer(256));
};

describe('where files are in an archive', () => {
  test('names of any length and bytes of any number, as another library packs them', async () => {
    const files: Record<string, Uint8Array> = { 'empty.jpg': new Uint8Array(0) };
    for (let i = 0; i < 12; i++) {
      const depth = 'a-folder-of-some-length/'.repeat(i);
      files[`${depth}${i}-${'x'.repeat(i * 11)}.jpg`] = random(i, i * 173 + (i === 5 ? 512 - 353 : 0));
    }
    files['größe/ünïcode.jpg'] = random(99, 512);
    const root = await folderOf({ 'all.tar': await tar(files) });
    const handle = await open(join(root, 'all.tar'));
    const found: Record<string, Uint8Array> = {};
    for await (const { name, offset, size } of tarMembers(handle, 'all.tar')) {
      const bytes = new Uint8Array(size);
      await handle.read(bytes, 0, size, offset);
      found[name] = bytes;
    }
    await handle.close();
    expect(found).toEqual(files);
  });

  test.each<[string, (whole: Uint8Array) => Uint8Array]>([
    ['cut off in a file', (whole) => whole.subarray(0, 700)],
    ['cut off in a header', (whole) => whole.subarray(0, 1024 + 512 + 100)],
    ['with another byte in a header', (whole) => whole.map((byte, i) => (i === 3 ? byte ^ 1 : byte))],
    ['of something else', () => random(1, 2048)],
  ])('a file %s is refused, with the offset', async (_, damage) => {
    const whole = await tar({ 'a.jpg': random(0, 600), 'b.jpg': random(1, 600) });
    const root = await folderOf({ 'train.tar': damage(whole) });
    const refused = readShards(root);
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(/byte offset \d+/);
  });
});

describe('samples of shards', () => {
  test('are what shares a name, with classes as numbers or as JSON; val is tested on', async () => {
    const root = await folderOf({
      'train-0.tar': await tar({
        'd/0001.jpg': random(1, 100),
        'd/0001.cls': '2',
        'd/0001.txt': 'a caption',
        'd/0002.seg.png': random(2, 30),
        'd/0002.seg.json': '{"label": 0}',
      }),
      'train-1.tar': await tar({ '0003.cls': '1\n', '0003.webp': random(3, 50) }),
      'val-0.tar': await tar({ '0001.jpg': random(4, 10), '0001.cls': '1' }),
      'classes.txt': 'ant\nbee\ncat\n',
    });
    const { classNames, train, test: held } = await readPhotos(root);
    expect(classNames).toEqual(['ant', 'bee', 'cat']);
    const samples = await Promise.all([0, 1, 2].map((i) => train.read(i)));
    expect(samples.map(({ label }) => label)).toEqual([2, 0, 1]);
    expect(samples.map(({ image }) => image)).toEqual([random(1, 100), random(2, 30), random(3, 50)]);
    expect(samples[2]!.where).toMatch(/train-1\.tar, 0003\.webp$/);
    expect(held!.size).toBe(1);
    expect((await held!.read(0)).image).toEqual(random(4, 10));
    await train.close!();
    await held!.close!();
  });

  test('have numbers for names unless they are told', async () => {
    const root = await folderOf({ 'a.tar': await tar({ '1.jpg': random(1, 9), '1.cls': '3' }) });
    const { classNames, train } = await readShards(root);
    expect(classNames).toEqual(['0', '1', '2', '3']);
    await train.close!();
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no class', { '1.jpg': 'x' }, /"1\.jpg" has no class/],
    ['a class that is no number', { '1.jpg': 'x', '1.cls': 'cat' }, /class cat/],
    ['a negative class', { '1.jpg': 'x', '1.cls': '-1' }, /class -1/],
    ['JSON that is none', { '1.jpg': 'x', '1.json': '{' }, /1\.json/],
    ['JSON without a label', { '1.jpg': 'x', '1.json': '{"id": 3}' }, /1\.json/],
    ['no image at all', { '1.txt': 'x' }, /no training image/],
  ])('are refused with %s', async (_, files, words) => {
    const refused = readShards(await folderOf({ 'train.tar': await tar(files) }));
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(words);
  });

  test('are refused with fewer names than classes, and without archives', async () => {
    const root = await folderOf({
      'a.tar': await tar({ '1.jpg': 'x', '1.cls': '3' }),
      'classes.txt': 'one\n',
    });
    await expect(readShards(root)).rejects.toMatchObject({ code: 'bad-data' });
    await expect(readShards(await folderOf({ 'readme.md': '' }))).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
