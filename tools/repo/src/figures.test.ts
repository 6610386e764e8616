// The figures of the documents are what the packages compute today. `npm run api` draws them anew.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { read, root } from './repository.ts';

const { figures } = (await import(join(root, 'docs/figures.mjs'))) as {
  figures: Readonly<Record<string, () => string>>;
};

test.each(Object.entries(figures))('%s is drawn from the packages', (name, draw) => {
  expect(read(`docs/figures/${name}`)).toBe(draw());
});
