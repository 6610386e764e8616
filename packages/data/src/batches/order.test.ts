import { expect, test } from 'vitest';
import { nearestBucket } from './order.ts';

const buckets = [
  { height: 80, width: 100, batch: 1 },
  { height: 100, width: 80, batch: 1 },
  { height: 160, width: 200, batch: 1 },
];

test.each([
  [[400, 500], 2],
  [[70, 90], 0],
  [[900, 700], 1],
  [[2, 1], 1],
] as const)('an image of %j goes where its proportions are', (size, bucket) => {
  expect(nearestBucket(buckets, size)).toBe(bucket);
});
