import { expect, test } from 'vitest';
import { published, tnetNames } from '../index.ts';

test('every published network is in the zoo, under a repository that can be asked for', () => {
  expect(Object.keys(published).filter((name) => !(tnetNames as string[]).includes(name))).toEqual([]);
  for (const { repo } of Object.values(published)) expect(repo).toMatch(/^timm\/\w+\.\w+$/);
});
