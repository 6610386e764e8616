// Tar shards in the convention of WebDataset: files that share a name up to its first dot are one sample, such as
// 000017.jpg with 000017.cls, which holds the class as a number, or 000017.json with a field "label".

import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Dataset, MaNetError } from '@ma-net/core';
import type { ImageSample } from '../sample.ts';
import { fingerprintOf, isImageName, namesIn, type PhotoSets, some } from './photo-sets.ts';
import { type TarMember, tarMembers } from './tar-index.ts';

interface Shard {
  readonly file: string;
  readonly handle: FileHandle;
}

interface Entry extends TarMember {
  readonly shard: Shard;
  readonly label: number;
}

const LABELS = /\.(cls|json)$/;
const TEST = /(^|[^a-z])(val|valid|validation|test)([^a-z]|$)/i;

/**
 * Reads the headers of all archives in a folder; those with `val` or `test` in their names are test images. Class
 * names are the lines of classes.txt, where there is one, and numbers otherwise. Keeps the archives open.
 */
export async function readShards(path: string): Promise<PhotoSets> {
  const root = resolve(path);
  const names = await namesIn(root);
  const archives = names.filter((name) => name.endsWith('.tar'));
  if (archives.length === 0) {
    throw new MaNetError('not-found', `There are no .tar files; found ${some(names)}.`, {
      where: root,
      hint: 'pass the folder of the shards, unpacked from .tar.gz where they are packed.',
    });
  }
  const opened: Shard[] = [];
  try {
    const read = async (files: readonly string[]): Promise<Entry[]> => {
      const entries: Entry[] = [];
      for (const name of files) {
        const file = join(root, name);
        const shard = { file, handle: await open(file) };
        opened.push(shard);
        entries.push(...(await entriesOf(shard)));
      }
      return entries;
    };
    const train = await read(archives.filter((name) => !TEST.test(name)));
    const test = await read(archives.filter((name) => TEST.test(name)));
    const classNames = await classNamesOf(root, names, [...train, ...test]);
    if (train.length === 0) {
      throw new MaNetError('bad-data', `The archives hold no training image; found ${some(archives)}.`, {
        where: root,
        hint: 'call archives of training images train-000000.tar or the like, without "val" or "test".',
      });
    }
    return {
      classNames,
      train: shardDataset(`${root}, train`, train),
      ...(test.length === 0 ? {} : { test: shardDataset(`${root}, test`, test) }),
    };
  } catch (error) {
    await Promise.all(opened.map(({ handle }) => handle.close()));
    throw error;
  }
}

async function entriesOf(shard: Shard): Promise<Entry[]> {
  const samples = new Map<string, { image?: TarMember; label?: TarMember }>();
  for await (const member of tarMembers(shard.handle, shard.file)) {
    const [, key] = /^(.*?[^/]*?)\.[^/]*$/.exec(member.name) ?? [];
    if (key === undefined) continue;
    const sample = samples.get(key) ?? {};
    if (isImageName(member.name.split('/').at(-1)!)) sample.image = member;
    else if (LABELS.test(member.name)) sample.label = member;
    samples.set(key, sample);
  }
  const entries: Entry[] = [];
  for (const [key, { image, label }] of samples) {
    if (image === undefined) continue;
    if (label === undefined) {
      throw new MaNetError('bad-data', `The image "${image.name}" has no class.`, {
        where: shard.file,
        hint: `put ${key}.cls with a number, or ${key}.json with a field "label", beside it.`,
      });
    }
    entries.push({ ...image, shard, label: await readLabel(shard, label) });
  }
  return entries;
}

async function readLabel(shard: Shard, member: TarMember): Promise<number> {
  const text = new TextDecoder().decode(await bytesOf(shard, member)).trim();
  let value: unknown = text === '' ? undefined : Number(text);
  if (member.name.endsWith('.json')) {
    try {
      value = (JSON.parse(text) as { label?: unknown }).label;
    } catch {
      value = undefined;
    }
  }
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw new MaNetError(
    'bad-data',
    `"${member.name}" has the class ${text.slice(0, 60)}; expected a whole number.`,
    {
      where: `${shard.file}, byte offset ${member.offset}`,
      hint: 'number the classes from 0.',
    },
  );
}

async function classNamesOf(
  root: string,
  names: readonly string[],
  entries: readonly Entry[],
): Promise<string[]> {
  const count = entries.reduce((most, { label }) => Math.max(most, label + 1), 0);
  if (!names.includes('classes.txt')) return Array.from({ length: count }, (_, i) => String(i));
  const file = join(root, 'classes.txt');
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length >= count) return lines.map((line) => line.trim());
  throw new MaNetError(
    'bad-data',
    `Found ${lines.length} class names; the archives have classes 0 to ${count - 1}.`,
    {
      where: file,
      hint: 'give one name a line, in the order of the numbers.',
    },
  );
}

async function bytesOf({ file, handle }: Shard, { name, offset, size }: TarMember): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const { bytesRead } = await handle.read(bytes, 0, size, offset);
  if (bytesRead === size) return bytes;
  throw new MaNetError('bad-data', `The archive became shorter while it was read: "${name}" is not there.`, {
    where: `${file}, byte offset ${offset}`,
    hint: 'stop whatever writes it and start again.',
  });
}

function shardDataset(name: string, entries: readonly Entry[]): Dataset<ImageSample> {
  const shards = new Set(entries.map(({ shard }) => shard));
  let open = true;
  return {
    name,
    size: entries.length,
    fingerprint: fingerprintOf(
      (function* () {
        for (const { name: file, size, label } of entries) yield `${file} ${size} ${label}`;
      })(),
    ),
    labelOf: (index) => entries[index]!.label,
    async read(index) {
      const entry = entries[index]!;
      const where = `${entry.shard.file}, ${entry.name}`;
      return { image: await bytesOf(entry.shard, entry), label: entry.label, where };
    },
    async close() {
      if (!open) return;
      open = false;
      await Promise.all([...shards].map(({ handle }) => handle.close()));
    },
  };
}
