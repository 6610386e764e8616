import { expect, test } from 'vitest';
import { bestOf, instructionSet } from './instructions.ts';

test('the best of what a processor has', () => {
  expect(bestOf('fpu sse4_1 avx avx2 fma')).toBe('avx2');
  expect(bestOf('fpu avx avx2 avx512f avx512bw')).toBe('avx512f');
  expect(bestOf('fp asimd evtstrm aes asimddp')).toBe('asimddp');
  expect(bestOf('')).toBeUndefined();
});

test('this machine has a name for it, always the same', () => {
  expect(instructionSet()).toMatch(/^\S/);
  expect(instructionSet()).toBe(instructionSet());
});
