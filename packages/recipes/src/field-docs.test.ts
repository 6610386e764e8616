import { expect, test } from 'vitest';
import { fieldDocs, ourParts } from './index.ts';

test('what is said of fields is said of parts that there are, in sentences', async () => {
  const ids: string[] = [];
  for (const name of ourParts.packages) {
    const { parts = [] } = await ourParts.load(name);
    ids.push(...parts.map(({ id }) => id));
  }
  const described = Object.keys(fieldDocs).filter((id) => id !== '');
  expect(described.length).toBeGreaterThan(5);
  expect(described.filter((id) => !ids.includes(id))).toEqual([]);
  for (const fields of Object.values(fieldDocs))
    for (const words of Object.values(fields)) expect(words).toMatch(/^\S.*\.$/s);
});
