import { resolve } from 'node:path';
import type { PhotoSets } from './photo-sets.ts';
import { namesIn } from './photo-sets.ts';
import { readFolder } from './folder.ts';
import { readParquet } from './parquet.ts';
import { readShards } from './shards.ts';

/**
 * Images in whatever a folder holds: a folder for each class (or train/ and val/ of such), tar shards, or Parquet files.
 * Throws what the reader of that kind throws.
 */
export async function readPhotos(
  path: string,
  options: { readonly truth?: string } = {},
): Promise<PhotoSets> {
  const names = await namesIn(resolve(path));
  if (names.some((name) => name.endsWith('.tar'))) return readShards(path);
  const parquet = names.some((name) => name.endsWith('.parquet'));
  if (parquet) return readParquet(path);
  if (names.includes('data') && !names.includes('train')) {
    const inside = await namesIn(resolve(path, 'data')).catch(() => []);
    if (inside.some((name) => name.endsWith('.parquet'))) return readParquet(path);
  }
  return readFolder(path, options);
}
