import { createReadStream } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MaNetError, suggestion } from '@ma-net/core';
import { type Download, download } from './download.ts';

/** An archive that holds a data set, as its authors publish it. */
export interface PublishedSet {
  readonly url: string;
  readonly md5: string;
  /** Folder inside of the archive, and a file that shows it is unpacked. */
  readonly folder: string;
  readonly proof: string;
}

/** Krizhevsky 2009; sizes and checksums are those of the authors' page. */
export const PUBLISHED_SETS: Readonly<Record<string, PublishedSet>> = {
  cifar10: {
    url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
    folder: 'cifar-10-batches-bin',
    proof: 'test_batch.bin',
  },
  cifar100: {
    url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
    md5: '03b5dce01913d631647c71ecec9e9cb8',
    folder: 'cifar-100-binary',
    proof: 'test.bin',
  },
};

/**
 * Downloads a published data set below `directory`, checks it, unpacks it, and resolves to the folder to read. Does
 * nothing where that is done already. `unknown-name` for another name; otherwise what `download` throws.
 */
export async function downloadDataSet(
  name: string,
  directory: string,
  {
    progress,
    signal,
    sets = PUBLISHED_SETS,
  }: Pick<Download, 'progress' | 'signal'> & { readonly sets?: Readonly<Record<string, PublishedSet>> } = {},
): Promise<string> {
  if (!Object.hasOwn(sets, name)) {
    throw new MaNetError('unknown-name', `There is no data set "${name}" to download.`, {
      where: 'data download',
      hint: suggestion(name, Object.keys(sets)),
    });
  }
  const { url, md5, folder, proof } = sets[name]!;
  const root = resolve(directory);
  const target = join(root, folder);
  if (await exists(join(target, proof))) return target;
  const archive = join(root, url.split('/').at(-1)!);
  await download({
    url,
    file: archive,
    checksum: { algorithm: 'md5', hex: md5 },
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
  });
  await unpack(archive, root);
  if (!(await exists(join(target, proof)))) {
    throw new MaNetError('bad-data', `The archive does not hold ${folder}/${proof}.`, {
      where: archive,
      hint: 'remove the archive and download it again.',
    });
  }
  await rm(archive);
  return target;
}

async function unpack(archive: string, root: string): Promise<void> {
  const { unpackTar } = await import('modern-tar/fs');
  await pipeline(createReadStream(archive), createGunzip(), unpackTar(root)).catch((cause: unknown) => {
    throw new MaNetError(
      'bad-data',
      `The archive cannot be unpacked: ${cause instanceof Error ? cause.message : cause}.`,
      {
        where: archive,
        hint: 'look at the space that is left; then start again: the archive is kept.',
        cause,
      },
    );
  });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
