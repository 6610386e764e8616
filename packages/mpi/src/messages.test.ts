import { describe, expect, test } from 'vitest';
import { messenger } from './messages.ts';

const MIB = 1 << 18;
const filled = (length: number, value: number): Float32Array => new Float32Array(length).fill(value);

/** Lengths of the messages of tensors; every number was summed over `size` ranks that have the same ones. */
function sent(tensors: readonly Float32Array[], size: number, messagesOf = messenger()): number[] {
  const lengths: number[] = [];
  for (const { numbers, arrived } of messagesOf(tensors)) {
    lengths.push(numbers.length);
    numbers.forEach((x, i) => (numbers[i] = x * size));
    arrived(size);
  }
  return lengths;
}

describe('messages', () => {
  test('a large tensor travels as it lies, small ones together in their order', () => {
    const tensors = [filled(3, 1), filled(4 * MIB, 2), filled(0, 0), filled(5, 3)];
    expect(sent(tensors, 2)).toEqual([4 * MIB, 8]);
    const [large, small] = [...messenger()(tensors)];
    expect(large!.numbers.buffer).toBe(tensors[1]!.buffer);
    expect([...small!.numbers]).toEqual([1, 1, 1, 3, 3, 3, 3, 3]);
  });

  test('everything comes back to where it was, of one call after the other', () => {
    const messagesOf = messenger();
    for (const value of [5, 7]) {
      const tensors = [filled(2, value), filled(4 * MIB, -value), filled(3, 2 * value)];
      sent(tensors, 3, messagesOf);
      for (const [i, expected] of [value, -value, 2 * value].entries())
        expect(tensors[i]!.every((x) => x === expected)).toBe(true);
    }
  });

  test('neither is ever more than a message takes', () => {
    expect(sent([filled((1 << 24) + 1, 1)], 2)).toEqual([1 << 24, 1]);
    const small = Array.from({ length: 9 }, () => filled(2 * MIB, 1));
    expect(sent(small, 2)).toEqual([16 * MIB, 2 * MIB]);
  });
});
