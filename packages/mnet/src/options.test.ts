import { describe, expect, test } from 'vitest';
import { smallNetwork } from '../test/small.ts';
import { createMNet } from './mnet.ts';
import { DEFAULT_OPTIONS, mnetOptions, type MNetOptions } from './options.ts';

describe('options', () => {
  test('are the defaults of section 12 where nothing is given', () => {
    expect(createMNet(smallNetwork.kernels, { cells: 2 }).options).toEqual({ ...DEFAULT_OPTIONS, cells: 2 });
    expect(mnetOptions.parse({ cells: 2 })).toEqual({ ...DEFAULT_OPTIONS, cells: 2 });
    expect(DEFAULT_OPTIONS).toMatchObject({ astrocytes: 4, hidden: 32, rank: 16, bins: 8, tau: 0.5 });
  });

  test.each([
    [{ astrocytes: 0 }],
    [{ cells: 1.5 }],
    [{ hidden: 30 }],
    [{ heads: 5 }],
    [{ bins: Number.NaN }],
    [{ tau: 0 }],
    [{ gamma0: Number.POSITIVE_INFINITY }],
    [{ activation: 'relu' }],
    [{ temporal: 'some' }],
    [{ partition: 'width' }],
  ])('refuses %j', (options) => {
    const make = (): unknown => createMNet(smallNetwork.kernels, options as Partial<MNetOptions>);
    expect(make).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
  });

  test('refuses more astrocytes than pre-neurons, and says how many there are', () => {
    const make = (): unknown => createMNet(smallNetwork.kernels, { astrocytes: 100 });
    expect(make).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
    expect(make).toThrowError(/at most 17/);
  });

  test('suggests the option that was meant', () => {
    const make = (): unknown => createMNet(smallNetwork.kernels, { astrocyte: 2 } as Partial<MNetOptions>);
    expect(make).toThrowError(expect.objectContaining({ code: 'unknown-name' }));
    expect(make).toThrowError(/did you mean "astrocytes"/);
  });

  test('refuses a network without modulated kernels', () => {
    expect(() => createMNet([])).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
  });
});
