import { describe, expect, test } from 'vitest';
import { type AdapterInfo, describeAdapter, isSoftware } from './adapter-info.ts';

describe('isSoftware', () => {
  const cases: [AdapterInfo, boolean][] = [
    [{ vendor: 'google', architecture: 'swiftshader' }, true],
    [{ vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, true],
    [{ vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }, true],
    [{ vendor: 'nvidia', architecture: 'lovelace' }, false],
    [{ vendor: 'apple', architecture: 'common-3', isFallbackAdapter: false }, false],
    [{}, false],
  ];
  test.each(cases)('%o: %s', (info, expected) => expect(isSoftware(info)).toBe(expected));
});

test('describeAdapter leaves out what is not known', () => {
  expect(describeAdapter({ vendor: 'intel', architecture: 'xe' })).toBe('intel xe');
  expect(describeAdapter({ device: '0x7d55', vendor: 'intel' })).toBe('0x7d55 (intel)');
  expect(describeAdapter({ description: 'Apple M4' })).toBe('Apple M4');
  expect(describeAdapter({})).toBe('a GPU without a name');
});
