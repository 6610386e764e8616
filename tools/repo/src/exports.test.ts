// The public names of every package, types included, as files: a change to them shows up in review.
// `npm run api` writes them anew.

import { describe, expect, test } from 'vitest';
import { publicNames } from './public-names.ts';
import { entries, files, packages } from './repository.ts';

describe.each(packages.flatMap(entries).map((entry) => [entry.specifier, entry.source]))(
  '%s',
  (specifier, source) => {
    const { values, types } = publicNames(source);
    const snapshot = specifier.replace('@ma-net/', '').replace('/', '.');

    test('exports what it exported', async () => {
      const names = [...values, ...types.map((name) => `type ${name}`)];
      await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(`../exports/${snapshot}.txt`);
    });

    test('exports the values that its source names', async () => {
      const module = (await import(specifier)) as object;
      expect(Object.keys(module).sort()).toEqual(values);
    }, 60_000);
  },
);

test('there is no snapshot of a package that is gone', () => {
  const snapshots = files.flatMap((file) => /^tools\/repo\/exports\/(.+)\.txt$/.exec(file)?.[1] ?? []);
  const known = packages
    .flatMap(entries)
    .map(({ specifier }) => specifier.replace('@ma-net/', '').replace('/', '.'));
  expect(snapshots.filter((name) => !known.includes(name))).toEqual([]);
});
