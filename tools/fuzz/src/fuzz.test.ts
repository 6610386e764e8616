import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('damaged and malicious files are refused in our words, or are what they say', {
  timeout: 120_000,
}, async () => {
  await startBackend(cpu);
  const { refused, accepted, findings } = await fuzz(1000, 1_000_000);
  expect(findings).toEqual([]);
  // Neither does everything pass, nor is everything refused.
  expect(refused).toBeGreaterThan(500);
  expect(accepted).toBeGreaterThan(50);
});
