import { describe, expect, test } from 'vitest';
import { assertSteps, assertTensor, Cost } from './cost.ts';

const tooLarge = expect.objectContaining({ code: 'too-large' });

describe('cost', () => {
  test('of a tensor is its numbers, up to what any backend holds', () => {
    expect(assertTensor('x', [64, 3, 7, 7])).toBe(9408);
    expect(assertTensor('x', [])).toBe(1);
    expect(assertTensor('x', [2 ** 31 - 1])).toBe(2 ** 31 - 1);
    expect(() => assertTensor('conv1.weight', [2 ** 31])).toThrow(/8.00 GiB.*at conv1.weight/s);
    expect(() => assertTensor('x', [1e200, 1e200])).toThrow(tooLarge);
    expect(() => assertTensor('x', [Number.NaN])).toThrow(tooLarge);
  });

  test('of a network is that of all its tensors', () => {
    const cost = new Cost('The network "wide"');
    cost.add('a', [2 ** 31 - 1]);
    cost.add('b', [2 ** 31 - 1]);
    cost.add('c', [2]);
    expect(() => cost.add('d', [1])).toThrow(
      /"wide" would have more than 4294967296 parameters, 16.0 GiB.*at d/s,
    );
  });

  test('of a network that never ends is told at once', () => {
    const cost = new Cost('The network "deep"');
    const layers = (): void => {
      for (let i = 0; i < 1e9; i++) cost.add(`layer${i}.bias`, [1]);
    };
    expect(layers).toThrow(/more than 100000 tensors/);
  });

  test('of a run is its mini-batches', () => {
    expect(assertSteps(1e9, 'epochs')).toBe(1e9);
    for (const steps of [1e13, Number.POSITIVE_INFINITY, Number.NaN])
      expect(() => assertSteps(steps, 'epochs')).toThrow(tooLarge);
  });
});
