import { expect, test } from 'vitest';
import { ownVersion } from './version.ts';

test('is a version as npm writes them', () => {
  expect(ownVersion()).toMatch(/^\d+\.\d+\.\d+/);
});
