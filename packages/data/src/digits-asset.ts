import { readFile } from 'node:fs/promises';
import { parseDigits } from './digits.ts';
import type { ReadOptions, Splits } from './image-set.ts';

/** The embedded digits: 1,297 training and 500 test images [8, 8, 1], always split the same way. */
export async function digits(options: ReadOptions = {}): Promise<Splits> {
  return parseDigits(await readFile(new URL('../assets/digits.bin', import.meta.url)), options);
}
