import parse from '@changesets/parse';
import { expect, test } from 'vitest';
import { files, published, read } from './repository.ts';

const names = published.map(({ manifest }) => manifest.name);
const changesets = files.filter((file) => /^\.changeset\/(?!README).*\.md$/.test(file));

test('everything published is released together', () => {
  const { fixed } = JSON.parse(read('.changeset/config.json')) as { fixed: string[][] };
  expect(fixed).toHaveLength(1);
  expect(fixed[0]?.toSorted()).toEqual(names.toSorted());
});

test.each(changesets)('%s says what changes for whom', (file) => {
  const { releases, summary } = parse(read(file));
  expect(releases.length).toBeGreaterThan(0);
  expect(releases.map(({ name }) => name).filter((name) => !names.includes(name))).toEqual([]);
  expect(summary.length).toBeGreaterThan(20);
});
