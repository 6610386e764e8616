import parse from '@changesets/parse';
import { expect, test } from 'vitest';
import { files, published, read } from './repository.ts';

const names = published.map(({ manifest }) => manifest.name);
const changesets = files.filter((file) => /^\.changeset\/(?!README).*\.md$/.test(file));

test('everything is released together', () => {
  const { fixed } = JSON.parse(read('.changeset/config.json')) as { fixed: string[][] };
  expect(fixed).toEqual([['@ma-net/*']]);
  expect(names.filter((name) => !/^@ma-net\/[^/]+$/.test(name))).toEqual([]);
});

test.each(changesets)('%s says what changes for whom', (file) => {
  const { releases, summary } = parse(read(file));
  expect(releases.length).toBeGreaterThan(0);
  expect(releases.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
  expect(summary.length).toBeGreaterThan(20);
});
