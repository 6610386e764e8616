import { describe, expect, test } from 'vitest';
import { parseJson } from './json-text.ts';
import { Rng } from './rng.ts';

const options = { where: 'my.json', what: 'The recipe', code: 'bad-recipe', hint: 'mend it.' } as const;
const parse = (content: Uint8Array | string): unknown => parseJson(content, options);
const text = '{"name": "größer 🧠", "epochs": [1, 2.5e3, -0], "x": {"y": null, "z": true}}';

function utf16(value: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(value.length * 2));
  for (let i = 0; i < value.length; i++) view.setUint16(2 * i, value.charCodeAt(i), littleEndian);
  return new Uint8Array(view.buffer);
}

describe('JSON is read', () => {
  test.each([
    ['UTF-8', new TextEncoder().encode(text)],
    ['UTF-8 with a byte order mark', new TextEncoder().encode(`\ufeff${text}`)],
    ['UTF-16, little-endian, with a mark', utf16(`\ufeff${text}`, true)],
    ['UTF-16, little-endian', utf16(text, true)],
    ['UTF-16, big-endian, with a mark', utf16(`\ufeff${text}`, false)],
    ['UTF-16, big-endian', utf16(text, false)],
    ['a string', text],
    ['a string with a mark', `\ufeff${text}`],
    ['other ends of lines', text.replaceAll(', ', ',\r\n\t')],
  ])('in %s', (_, content) => expect(parse(content)).toEqual(JSON.parse(text)));

  test('to any depth', () => {
    expect(() => parse('['.repeat(50_000) + ']'.repeat(50_000))).not.toThrow();
  });
});

describe('a mistake is told with its place', () => {
  test.each([
    ['', 'The recipe is empty. (line 1, column 1)'],
    ['{"a": 1,}', 'The recipe is not JSON: this is not expected (line 1, column 9: "{\\"a\\": 1,}")'],
    [
      '{\n  "a": 1\n  "b": 2\n}',
      'The recipe is not JSON: this is not expected (line 3, column 3: "\\"b\\": 2")',
    ],
    ["{'a': 1}", 'The recipe is not JSON: this is not expected (line 1, column 2: "{\'a\': 1}")'],
    ['{"a": 1', 'The recipe is not JSON: it ends too early (line 1, column 8: "{\\"a\\": 1")'],
    [
      '{"a": "C:\\data"}',
      'The recipe is not JSON: there is no such escape in strings; write \\\\ for \\ (line 1, column 10: "{\\"a\\": \\"C:\\\\data\\"}")',
    ],
    [
      '{"a": "x\n"}',
      'The recipe is not JSON: a string does not end in its line (line 1, column 7: "{\\"a\\": \\"x")',
    ],
    ['{"a": 01}', 'The recipe is not JSON: this is not expected (line 1, column 8: "{\\"a\\": 01}")'],
    ['nope', 'The recipe is not JSON: this is not expected (line 1, column 1: "nope")'],
    [
      '{"x": {"__proto__": {}}}',
      'The recipe holds the key "__proto__", which no field is called (line 1, column 8: "{\\"x\\": {\\"__proto__\\": {}}}")',
    ],
    [
      '{"a": 1, "\\u0061": 2}',
      'The recipe holds the key "a" twice (line 1, column 10: "{\\"a\\": 1, \\"\\\\u0061\\": 2}")',
    ],
  ])('%j', (content, message) => {
    expect(() => parse(content)).toThrow(
      expect.objectContaining({ code: 'bad-recipe', message: `${message}\n  at my.json\n  hint: mend it.` }),
    );
  });

  test('of text that is none, and of text that is too much', () => {
    expect(() => parse(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/no text in UTF-8 or UTF-16/);
    expect(() => parse(`"${'x'.repeat(2 ** 26)}"`)).toThrow(/more than 67108864 are not read/);
  });

  test('exactly where JSON.parse finds one, in a message that stays short', () => {
    const rng = Rng.fromSeed(5);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const characters = [...text];
      for (let n = 0; n <= rng.integer(3); n++)
        characters[rng.integer(characters.length)] = '{}[]",:\\0-1.e tn\u0007x'[rng.integer(18)]!;
      const damaged = characters.join('');
      let expected: unknown;
      try {
        expected = JSON.parse(damaged);
      } catch {
        refused++;
        expect(() => parse(damaged)).toThrow(/is not JSON/);
        continue;
      }
      try {
        expect(parse(damaged)).toEqual(expected);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'bad-recipe',
          message: expect.stringContaining('twice') as string,
        });
      }
    }
    expect(refused).toBeGreaterThan(2000);
    const long = `{"a": ${'x'.repeat(1e6)}}`;
    expect(() => parse(long)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,300}$/s) as string }),
    );
  });
});
