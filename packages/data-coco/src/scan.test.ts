import { readFileSync } from 'node:fs';
import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary.ts';
import { scanLists } from './scan.ts';

const { folder, write } = temporaryFolder();

/** Anything, with what a scanner may trip over. */
function anything(rng: Rng, depth: number): unknown {
  const words = ['}', ']', ',', '"', '\\', '\\"', '{"images":[', 'ä\u{1f600}', '', ' '];
  const word = (): string =>
    Array.from({ length: rng.integer(4) }, () => words[rng.integer(words.length)]).join('');
  const kind = depth === 0 ? rng.integer(3) : rng.integer(5);
  if (kind === 0) return rng.uniform() * 1e6;
  if (kind === 1) return word();
  if (kind === 2) return [null, true, false][rng.integer(3)];
  if (kind === 3) return Array.from({ length: rng.integer(4) }, () => anything(rng, depth - 1));
  return Object.fromEntries(Array.from({ length: rng.integer(4) }, () => [word(), anything(rng, depth - 1)]));
}

test('every element of the named lists is found, wherever the file is cut into pieces', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const rng = Rng.fromSeed(seed);
    const list = (): unknown[] => Array.from({ length: rng.integer(5) }, () => anything(rng, 3));
    const value = { info: anything(rng, 2), images: list(), other: list(), annotations: list(), images2: {} };
    const path = write(`${seed}.json`, JSON.stringify(value, undefined, rng.integer(3)));
    const bytes = readFileSync(path);
    const found: Record<string, unknown[]> = { images: [], annotations: [] };
    await scanLists(
      path,
      ['images', 'annotations'],
      (name, element, { offset, length }) => {
        found[name]!.push(element);
        expect(JSON.parse(bytes.subarray(offset, offset + length).toString('utf8'))).toEqual(element);
      },
      1 + rng.integer(40),
    );
    expect(found).toEqual({ images: value.images, annotations: value.annotations });
  }
});

test('a mark of byte order is no part of the file', async () => {
  const path = write('bom.json', '\ufeff{"images": [1, 2]}');
  const found: unknown[] = [];
  await scanLists(path, ['images'], (_, element) => found.push(element));
  expect(found).toEqual([1, 2]);
});

test.each([
  ['[1, 2]', 'bad-file', /does not hold one JSON object/],
  ['{"images": [1, 2]} {}', 'bad-file', /does not hold one JSON object/],
  ['{"images": [1, 2', 'bad-file', /ends in the middle, after 16 bytes/],
  ['', 'bad-file', /ends in the middle, after 0 bytes/],
  ['{"images": [{a: 1}]}', 'bad-file', /byte 12 is not JSON/],
])('%s is refused', async (text, code, message) => {
  const path = write('wrong.json', text);
  const scanned = scanLists(path, ['images'], () => undefined);
  await expect(scanned).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
});

test('a file that is not there is told', async () => {
  await expect(scanLists(`${folder}/none.json`, [], () => undefined)).rejects.toMatchObject({
    code: 'not-found',
  });
});
