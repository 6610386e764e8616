// Parquet files with a column of images, as the Hugging Face hub serves data sets: `image` holds a file's bytes (and
// its path), `label` an index, whose names the file's metadata know.

import { join, resolve } from 'node:path';
import { type Dataset, MaNetError } from '@ma-net/core';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import type { ImageSample } from '../sample.ts';
import { fingerprintOf, namesIn, type PhotoSets, some } from './photo-sets.ts';

interface Source {
  readonly file: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly image: string;
  readonly label: string;
}

const IMAGES = ['image', 'img'];
const LABELS = ['label', 'labels', 'fine_label'];
const TEST = /(^|[^a-z])(val|valid|validation|test)([^a-z]|$)/i;
/** Bytes of row groups that are kept: neighbours are often read together. */
const KEPT_GROUPS = 4;

/**
 * Reads the footers of all .parquet files in a folder (or in its `data`) and the column of labels. Files with `test` or
 * `validation` in their names are test images; where there are both, those called test. An image is read with its row
 * group, so that drawing from large groups in random order reads much more than it uses.
 */
export async function readParquet(path: string): Promise<PhotoSets> {
  const root = resolve(path);
  const names = await namesIn(root);
  const folder = names.includes('data') && !names.some(isParquet) ? join(root, 'data') : root;
  const files = (folder === root ? names : await namesIn(folder)).filter(isParquet);
  if (files.length === 0) {
    throw new MaNetError('not-found', `There are no .parquet files; found ${some(names)}.`, {
      where: root,
      hint: 'pass the folder of the files, such as train-00000-of-00001.parquet.',
    });
  }
  const held = files.filter((name) => TEST.test(name));
  const called = held.filter((name) => /test/i.test(name));
  const load = (of: readonly string[]) => Promise.all(of.map((name) => openFile(join(folder, name))));
  const train = await load(files.filter((name) => !TEST.test(name)));
  const test = await load(called.length > 0 ? called : held);
  if (train.length === 0) {
    throw new MaNetError('bad-data', `There is no file of training images; found ${some(files)}.`, {
      where: folder,
      hint: 'call it train-00000-of-00001.parquet or the like.',
    });
  }
  const trainSet = await parquetDataset(`${root}, train`, train);
  const testSet = test.length === 0 ? undefined : await parquetDataset(`${root}, test`, test);
  const largest = [trainSet, ...(testSet === undefined ? [] : [testSet])].reduce((most, { labels }) => {
    return labels.reduce((m, label) => Math.max(m, label), most);
  }, 0);
  const classNames = namesOf(train[0]!) ?? Array.from({ length: largest + 1 }, (_, i) => String(i));
  if (largest >= classNames.length) {
    throw new MaNetError(
      'bad-data',
      `Label ${largest} is not a class: the file names ${classNames.length}.`,
      {
        where: train[0]!.file,
        hint: 'the files do not belong together; download them again.',
      },
    );
  }
  return { classNames, train: trainSet.dataset, ...(testSet === undefined ? {} : { test: testSet.dataset }) };
}

const isParquet = (name: string): boolean => name.endsWith('.parquet');

async function openFile(file: string): Promise<Source> {
  const { asyncBufferFromFile, parquetMetadataAsync } = await import('hyparquet');
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    const columns = metadata.schema.map(({ name }) => name);
    const column = (known: readonly string[], what: string): string => {
      const found = known.find((name) => columns.includes(name));
      if (found !== undefined) return found;
      throw new MaNetError(
        'bad-data',
        `The file has no column of ${what}; found ${some(columns.slice(1))}.`,
        {
          where: file,
          hint: `call it ${known.join(' or ')}.`,
        },
      );
    };
    return { file, buffer, metadata, image: column(IMAGES, 'images'), label: column(LABELS, 'labels') };
  } catch (cause) {
    throw cause instanceof MaNetError ? cause : unreadable(file, cause);
  }
}

/** Class names from what the `datasets` library writes into the footer. */
function namesOf({ metadata, label }: Source): readonly string[] | undefined {
  const value = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const info = JSON.parse(value ?? '{}') as { info?: { features?: Record<string, { names?: string[] }> } };
    return info.info?.features?.[label]?.names;
  } catch {
    return undefined;
  }
}

async function parquetDataset(
  name: string,
  sources: readonly Source[],
): Promise<{ dataset: Dataset<ImageSample>; labels: Int32Array }> {
  const labels: number[] = [];
  const groups: { source: Source; start: number; end: number; first: number }[] = [];
  for (const source of sources) {
    let row = 0;
    for (const { num_rows } of source.metadata.row_groups) {
      const end = row + Number(num_rows);
      groups.push({ source, start: row, end, first: labels.length + row });
      row = end;
    }
    for (const [i, record] of (await rows(source, [source.label], 0, row)).entries()) {
      const label = Number(record[source.label] ?? -1);
      if (!Number.isInteger(label) || label < 0) {
        throw new MaNetError(
          'bad-data',
          `Row ${i} has the label ${String(record[source.label])}; expected a whole number.`,
          {
            where: source.file,
            hint: 'labels are indices of classes, from 0; rows without one cannot be trained on.',
          },
        );
      }
      labels.push(label);
    }
  }
  const kept = new Map<number, Promise<readonly Uint8Array[]>>();
  const groupOf = (index: number): number => groups.findLastIndex(({ first }) => first <= index);
  const imagesOf = (g: number): Promise<readonly Uint8Array[]> => {
    const { source, start, end } = groups[g]!;
    const found =
      kept.get(g) ?? rows(source, [source.image], start, end).then((all) => all.map(bytesIn(source)));
    // The one used last is the last to go.
    kept.delete(g);
    kept.set(g, found);
    for (const old of kept.keys()) if (kept.size > KEPT_GROUPS) kept.delete(old);
    return found;
  };
  const dataset: Dataset<ImageSample> = {
    name,
    size: labels.length,
    fingerprint: fingerprintOf([
      ...sources.map(({ buffer, metadata }) => `${buffer.byteLength} ${metadata.num_rows}`),
      labels.join(),
    ]),
    labelOf: (index) => labels[index]!,
    async read(index) {
      const g = groupOf(index);
      const { source, first } = groups[g]!;
      const images = await imagesOf(g);
      const where = `${source.file}, row ${groups[g]!.start + index - first}`;
      return { image: images[index - first]!.slice(), label: labels[index]!, where };
    },
  };
  return { dataset, labels: Int32Array.from(labels) };
}

type Row = Readonly<Record<string, unknown>>;

async function rows(
  { file, buffer, metadata }: Source,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<Row[]> {
  const { parquetReadObjects } = await import('hyparquet');
  return parquetReadObjects({ file: buffer, metadata, columns, rowStart, rowEnd, utf8: false }).catch(
    (cause: unknown) => {
      throw unreadable(file, cause);
    },
  );
}

/** A file's bytes as they are, or beside their path. */
const bytesIn =
  ({ file, image }: Source) =>
  (row: Row, i: number): Uint8Array => {
    const value = row[image];
    const bytes = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes;
    if (bytes instanceof Uint8Array) return bytes;
    throw new MaNetError('bad-data', `Column "${image}" holds no image in row ${i} of a group.`, {
      where: file,
      hint: 'the files of the images must be in the column; a path alone is not enough.',
    });
  };

function unreadable(file: string, cause: unknown): MaNetError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MaNetError('bad-data', `The file cannot be read as Parquet: ${reason}.`, {
    where: file,
    hint: 'download it again; files compressed by anything but Snappy must be written anew.',
    cause,
  });
}
