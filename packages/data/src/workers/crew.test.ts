// Worker threads run what was built: `npm run build` first, as `npm test` does.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Dataset, Rng } from '@ma-net/core';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { ImageCollateOptions } from '../batches/image-collate.ts';
import { createSource, type HostSource } from '../batches/source.ts';
import { photoCollate } from '../photos/photo-collate.ts';
import type { ImageSample } from '../sample.ts';
import { workerCrew } from './crew.ts';

const files = await Promise.all(
  Array.from({ length: 14 }, async (_, i) => {
    const [height, width] = [20 + i, 33 - i];
    const rng = Rng.fromSeed(i);
    const data = Uint8Array.from({ length: height * width * 3 }, () => rng.integer(256));
    return new Uint8Array(
      await sharp(data, { raw: { height, width, channels: 3 } })
        .jpeg()
        .toBuffer(),
    );
  }),
);

const photos = (broken: readonly number[] = []): Dataset<ImageSample> => ({
  name: 'photos',
  size: files.length,
  fingerprint: 'photos',
  read: async (index) => ({
    image: broken.includes(index) ? files[index]!.subarray(0, 300) : files[index]!,
    label: index % 2,
    where: `photo-${index}.jpg`,
  }),
});

const options: ImageCollateOptions = {
  buckets: [{ height: 16, width: 16, batch: 3 }],
  channels: 3,
  white: 255,
  normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  classes: 2,
  augment: {
    resizedCrop: {},
    flip: true,
    policy: { changes: 2 },
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    grey: 0.2,
    cutout: 4,
    erase: 0.5,
    mixup: 0.8,
    cutmix: 1,
  },
  views: 2,
};

const open = (workers: number, dataset = photos(), of: Partial<ImageCollateOptions> = {}): HostSource => {
  const collate = photoCollate({ ...options, ...of });
  return createSource(dataset, collate, {
    rng: Rng.fromSeed(5),
    ...(workers === 0 ? {} : { crew: workerCrew(collate, workers) }),
  });
};

const bytes = async (source: HostSource, count: number): Promise<string[]> => {
  const out: string[] = [];
  for (let i = 0; i < count; i++) {
    const batch = await source.next();
    out.push(
      Object.entries(batch)
        .map(
          ([name, { shape, data }]) =>
            `${name} ${shape.join()} ${Buffer.from(data.buffer).toString('base64')}`,
        )
        .join('\n'),
    );
  }
  return out;
};

describe('batches made by workers', () => {
  test('are the same bytes for 0, 1 and 2 workers, over the end of an epoch', async () => {
    const found = await Promise.all(
      [0, 1, 2].map(async (workers) => {
        const source = open(workers);
        const batches = await bytes(source, 6);
        await source.close();
        return batches;
      }),
    );
    expect(new Set(found[0]).size).toBe(6);
    expect(found[0]![0]).toMatch(/images_BHWC 6,16,16,3 .*\nlabels_B 6 .*\ntargets_BK 6,2 /);
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });

  test('are resumed from what was handed out, whatever was read ahead', async () => {
    const none = open(0);
    const all = await bytes(none, 7);
    const first = open(2);
    await bytes(first, 3);
    const saved = JSON.parse(JSON.stringify(first.state()));
    expect(saved).toMatchObject({ epoch: 0, position: 3 });
    // Closed with batches under way, as a run that is killed.
    await first.close();
    for (const workers of [0, 1, 2]) {
      const second = open(workers);
      second.restore(saved);
      expect(await bytes(second, 4)).toEqual(all.slice(3));
      await second.close();
    }
  });

  test('are read ahead by one more than there are workers, and no further', async () => {
    let reads = 0;
    const dataset = photos();
    const source = open(2, {
      ...dataset,
      read: (index) => {
        reads++;
        return dataset.read(index);
      },
    });
    await source.next();
    await new Promise((done) => setTimeout(done, 300));
    expect(reads).toBe((1 + 3) * 3);
    await source.next();
    expect(reads).toBe((2 + 3) * 3);
    await source.close();
  });
});

describe('images that cannot be decoded', () => {
  test.each([0, 1])('are an error that names the file, with %i workers', async (workers) => {
    const source = open(workers, photos([4]));
    const refused = bytes(source, 4);
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(/photo-4\.jpg/);
    await source.close();
  });

  test.each([0, 1])(
    'are skipped where that is asked for, counted, and replaced, with %i workers',
    async (workers) => {
      const source = open(workers, photos([4, 9]), { corrupt: 'skip', augment: {}, views: 1 });
      const expected = open(0, photos(), { augment: {}, views: 1 });
      const [of, to] = [await expected.next(), await source.next()];
      for (let epoch = 0; epoch < 3; epoch++) await source.next();
      // Most places are as they would be; the rest are copies of others of their batch.
      expect(to['images_BHWC']!.shape).toEqual(of['images_BHWC']!.shape);
      const all = open(workers, photos([4, 9]), {
        corrupt: 'skip',
        buckets: [{ height: 16, width: 16, batch: 14 }],
        augment: {},
        views: 1,
      });
      const { images_BHWC: images } = await all.next();
      const size = 16 * 16 * 3;
      const distinct = new Set(
        Array.from({ length: 14 }, (_, b) => images!.data.slice(b * size, (b + 1) * size).join()),
      );
      expect(distinct.size).toBe(12);
      expect(all.skipped()).toEqual(['photo-4.jpg', 'photo-9.jpg']);
      await Promise.all([source.close(), expected.close(), all.close()]);
    },
  );

  test('are an error where nothing else is in the batch', async () => {
    const source = open(0, photos(files.map((_, i) => i)), { corrupt: 'skip' });
    await expect(source.next()).rejects.toMatchObject({ code: 'bad-data' });
  });
});

test.each([-1, 0.5, 1000])('%d workers are refused', (workers) => {
  expect(() => workerCrew(photoCollate(options), workers)).toThrow(/workers cannot be started/);
});

/** A program that draws batches of one file with two workers; `body` is what it does with its `source`. */
async function program(body: string): Promise<string> {
  const script = join(await mkdtemp(join(tmpdir(), 'crew-')), 'program.mjs');
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  await writeFile(
    script,
    `import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Rng } from ${url('../../../core/dist/index.js')};
import { createSource } from ${url('../../dist/index.js')};
import { photoCollate, workerCrew } from ${url('../../dist/node.js')};
const collate = photoCollate(${JSON.stringify(options)});
const file = Buffer.from('${Buffer.from(files[0]!).toString('base64')}', 'base64');
const read = async (i) => ({ image: new Uint8Array(file), label: i % 2, where: 'x' });
const dataset = { name: 'one', size: 30, fingerprint: 'one', read };
const source = createSource(dataset, collate, { rng: Rng.fromSeed(0), crew: workerCrew(collate, 2) });
${body}`,
  );
  return script;
}

test('a process that forgets its workers ends', async () => {
  const script = await program(`await source.next(); console.log('handed out');`);
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 25_000 });
  expect(stdout).toContain('handed out');
});

test('a process that is killed while it reads ahead is resumed to the same numbers', async () => {
  const script = await program(`
const [saved, last] = [process.argv[2], Number(process.argv[3])];
let done = [];
if (existsSync(saved)) {
  const before = JSON.parse(readFileSync(saved, 'utf8'));
  source.restore(before.state);
  done = before.done;
}
while (done.length < last) {
  const { images_BHWC } = await source.next();
  done.push(createHash('md5').update(images_BHWC.data).digest('hex'));
  writeFileSync(saved + '.new', JSON.stringify({ state: source.state(), done }));
  renameSync(saved + '.new', saved);
  if (done.length === Number(process.argv[4])) process.kill(process.pid, 'SIGKILL');
}
await source.close();`);
  const run = async (saved: string, ...more: string[]): Promise<unknown> => {
    const finished = await promisify(execFile)(process.execPath, [script, saved, '13', ...more], {
      timeout: 25_000,
    }).catch((error: { signal?: string }) => error);
    return (finished as { signal?: string }).signal;
  };
  const done = async (saved: string) =>
    (JSON.parse(await readFile(saved, 'utf8')) as { done: string[] }).done;
  const [whole, killed] = [`${script}.whole`, `${script}.killed`];
  expect(await run(whole)).toBeUndefined();
  expect(await run(killed, '4')).toBe('SIGKILL');
  expect(await done(killed)).toHaveLength(4);
  // In the next epoch already.
  expect(await run(killed, '11')).toBe('SIGKILL');
  expect(await run(killed)).toBeUndefined();
  expect(new Set(await done(whole)).size).toBe(13);
  expect(await done(killed)).toEqual(await done(whole));
});
