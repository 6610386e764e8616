import { describe, expect, test } from 'vitest';
import type { HostTensor } from './params.ts';
import { Rng } from './rng.ts';
import { decodeSafetensors, encodeSafetensors, safetensorsParts } from './safetensors.ts';

const bytesOf = (values: ArrayBufferView): number[] => [
  ...new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
];

/** A file with this header and this many bytes of numbers. */
function file(header: string | object, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(Uint8Array.from(data), 8 + json.length);
  return bytes;
}

const one = (dtype: string, data: ArrayLike<number>, shape: number[]): Uint8Array =>
  file({ x: { dtype, shape, data_offsets: [0, data.length] } }, data);

const host = (values: number[], shape = [values.length]): HostTensor => ({
  shape,
  dtype: 'float32',
  data: new Float32Array(values),
});

describe('a file', () => {
  test('is the length, the header padded to eight bytes, then the numbers: by hand', () => {
    // sha256 of "F32[1]" and the bytes 0 0 128 63; of "[]": coreutils' sha256sum.
    const b = '25ea81dfc0e89eb0b77e48cbd189ef079bc88e36fe6bead1754c6a952b20c3c5';
    const none = '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945';
    const digests = JSON.stringify(JSON.stringify({ b, __metadata__: none }));
    const json = `{"__metadata__":{"ma-net.sha256":${digests}},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`;
    const length = Math.ceil(json.length / 8) * 8;
    const bytes = encodeSafetensors({ b: host([1]) });
    expect([...bytes.subarray(0, 8)]).toEqual([length % 256, Math.floor(length / 256), 0, 0, 0, 0, 0, 0]);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length))).toBe(json.padEnd(length));
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63]);
  });

  test('gives back tensors of any shape, metadata and odd names', () => {
    const rng = Rng.fromSeed(1);
    const tensors: Record<string, HostTensor> = Object.fromEntries([
      ['layer1.0.conv1.weight', { shape: [3, 3, 2, 4], dtype: 'float32', data: rng.normals(72, 1) }],
      ['scalar', { shape: [], dtype: 'int32', data: Int32Array.of(-7) }],
      ['empty', { shape: [0, 5], dtype: 'float32', data: new Float32Array() }],
      ['__proto__', host([1, 2])],
      ['näme "with" \\ everything \u{1f9e0}', host([Number.NaN, -0, Infinity])],
    ] satisfies [string, HostTensor][]);
    const metadata = Object.fromEntries([
      ['format', 'pt'],
      ['plan', '{"x": [1]}'],
      ['__proto__', 'a name like any other'],
    ]);
    const read = decodeSafetensors(encodeSafetensors(tensors, metadata));
    expect(read.metadata).toEqual(metadata);
    expect(Object.keys(read.tensors)).toEqual(Object.keys(tensors));
    for (const [name, tensor] of Object.entries(tensors)) {
      expect(read.tensors[name]!.shape).toEqual(tensor.shape);
      expect(read.tensors[name]!.dtype).toBe(tensor.dtype);
      expect(bytesOf(read.tensors[name]!.data)).toEqual(bytesOf(tensor.data));
    }
  });

  test('holds names that no object has by itself', () => {
    const { tensors, metadata } = decodeSafetensors(encodeSafetensors({ x: host([1]) }));
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect([tensors[name], metadata[name]]).toEqual([undefined, undefined]);
  });

  test('may have metadata longer than any stack is deep, with anything in it', () => {
    const note = '"\\{}:'.repeat(2_000_000);
    expect(decodeSafetensors(encodeSafetensors({ x: host([1]) }, { note })).metadata['note']).toBe(note);
  });

  test('is read without copying where alignment allows, and at any offset', () => {
    const bytes = encodeSafetensors({ x: host([1, 2, 3]) });
    expect(decodeSafetensors(bytes).tensors['x']!.data.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { data } = decodeSafetensors(shifted.subarray(3)).tensors['x']!;
    expect(data.buffer).not.toBe(shifted.buffer);
    expect([...data]).toEqual([1, 2, 3]);
  });

  test('may list tensors in another order than they lie in', () => {
    const header = {
      b: { dtype: 'U8', shape: [1], data_offsets: [1, 2] },
      a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
    };
    const { tensors } = decodeSafetensors(file(header, [4, 5]));
    expect([tensors['a']!.data[0], tensors['b']!.data[0]]).toEqual([4, 5]);
  });

  test('refuses to be written with a wrong number of numbers, or the name of the metadata', () => {
    const refused = expect.objectContaining({ code: 'bad-argument' });
    expect(() => encodeSafetensors({ x: host([1, 2, 3], [2]) })).toThrow(refused);
    expect(() => encodeSafetensors({ __metadata__: host([1]) })).toThrow(refused);
    const relabelled: HostTensor = { shape: [1], dtype: 'int32', data: new Float32Array(1) };
    expect(() => encodeSafetensors({ x: relabelled })).toThrow(refused);
    expect(() => encodeSafetensors({ x: host([1]) }, { note: 'x'.repeat(1e8) })).toThrow(refused);
  });

  test('is made of parts that copy no numbers', () => {
    const tensors = { a: host([1, 2]), b: host([3]) };
    const [header, ...numbers] = safetensorsParts(tensors);
    expect(numbers.map(({ buffer }) => buffer)).toEqual([tensors.a.data.buffer, tensors.b.data.buffer]);
    expect([...header!, ...numbers.flatMap(bytesOf)]).toEqual([...encodeSafetensors(tensors)]);
  });

  test('says how numbers were stored', () => {
    expect(decodeSafetensors(one('F16', [0, 0x3c], [1])).tensors['x']!.stored).toBe('F16');
    expect(decodeSafetensors(one('F32', [0, 0, 0, 0], [1])).tensors['x']!.stored).toBeUndefined();
  });
});

describe('digests', () => {
  const tensors = { a: host([1, 2]), b: host([3], []), c: host([], [0]) };
  const written = encodeSafetensors(tensors, { step: '12', __proto__x: 'y' });

  test('are not needed: files of others have none', () => {
    expect(decodeSafetensors(one('U8', [1], [1])).verified).toBe(false);
    expect(decodeSafetensors(written).verified).toBe(true);
    expect(decodeSafetensors(written).metadata).toEqual({ step: '12', __proto__x: 'y' });
  });

  test('name the tensor that is damaged', () => {
    const damaged = written.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect(() => decodeSafetensors(damaged, 'a/file')).toThrow(
      expect.objectContaining({
        code: 'bad-file',
        message: expect.stringMatching(/The tensor "b" is not as written.\n {2}at a\/file/) as string,
      }),
    );
  });

  test('let no flipped bit pass: the file is refused, or says the same', () => {
    const expected = decodeSafetensors(written);
    let refused = 0;
    for (let bit = 0; bit < written.length * 8; bit++) {
      const damaged = written.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const read = decodeSafetensors(damaged);
        // Space that became another; or the key of the digests, whose content is somebody's metadata then.
        expect(read.tensors).toEqual(expected.tensors);
        if (read.verified) expect(read.metadata).toEqual(expected.metadata);
        else expect(read.metadata).toMatchObject(expected.metadata);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-file' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(written.length * 8 * 0.9);
  });

  test.each([
    ['has another name', '"a":{', '"d":{', /"d" is not one that was written/],
    ['is left out', ',"c":{"dtype":"F32","shape":[0],"data_offsets":[12,12]}', '', /"c" is missing/],
    ['has other metadata', '"step":"12"', '"step":"13"', /metadata are not as written/],
    ['has no list', 'ma-net.sha256":"{', 'ma-net.sha256":"[', /list of its digests/],
  ])('refuse a file that %s', (_, from, to, message) => {
    const length = Number(new DataView(written.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(written.subarray(8, 8 + length));
    expect(header).toContain(from);
    expect(() => decodeSafetensors(file(header.replace(from, to), written.subarray(8 + length)))).toThrow(
      message,
    );
  });
});

describe('numbers of other types become float32 or int32', () => {
  test.each([
    ['F64', bytesOf(Float64Array.of(0.1, -2)), [Math.fround(0.1), -2]],
    ['F32', bytesOf(Float32Array.of(0.5, 3)), [0.5, 3]],
    // 0x3c00 = 1, 0xc000 = -2, 0x7bff = 65504, 0x0001 = 2^-24, 0xfc00 = -inf
    [
      'F16',
      [0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x00, 0xfc],
      [1, -2, 65504, 2 ** -24, -Infinity],
    ],
    // The upper halves of 1 = 0x3f800000, -2 = 0xc0000000, 3.140625 = 0x40490000
    ['BF16', [0x80, 0x3f, 0x00, 0xc0, 0x49, 0x40], [1, -2, 3.140625]],
  ])('%s', (dtype, data, expected) => {
    const tensor = decodeSafetensors(one(dtype, data, [expected.length])).tensors['x']!;
    expect(tensor.dtype).toBe('float32');
    expect([...tensor.data]).toEqual(expected);
  });

  test('NaN of half precision stays NaN', () => {
    expect(decodeSafetensors(one('F16', [0x01, 0x7c], [1])).tensors['x']!.data[0]).toBeNaN();
    expect(decodeSafetensors(one('BF16', [0xc0, 0x7f], [1])).tensors['x']!.data[0]).toBeNaN();
  });

  test.each([
    ['I64', bytesOf(BigInt64Array.of(-5n, 2147483647n)), [-5, 2147483647]],
    ['U64', bytesOf(BigUint64Array.of(7n)), [7]],
    ['I32', bytesOf(Int32Array.of(-9)), [-9]],
    ['U32', bytesOf(Uint32Array.of(2147483647)), [2147483647]],
    ['I16', bytesOf(Int16Array.of(-300)), [-300]],
    ['U16', bytesOf(Uint16Array.of(65535)), [65535]],
    ['I8', [0xff], [-1]],
    ['U8', [0xff], [255]],
    ['BOOL', [1, 0], [1, 0]],
  ])('%s', (dtype, data, expected) => {
    const tensor = decodeSafetensors(one(dtype, data, [expected.length])).tensors['x']!;
    expect(tensor.dtype).toBe('int32');
    expect([...tensor.data]).toEqual(expected);
  });

  test.each([
    ['I64', bytesOf(BigInt64Array.of(2147483648n))],
    ['U32', bytesOf(Uint32Array.of(4294967295))],
    ['U64', bytesOf(BigUint64Array.of(18446744073709551615n))],
  ])('%s that does not fit is refused, not wrapped', (dtype, data) => {
    expect(() => decodeSafetensors(one(dtype, data, [1]))).toThrow(/does not fit in 32 bits/);
  });
});

describe('a damaged file is refused', () => {
  const entry = (begin: number, end: number, shape = [end - begin], dtype = 'U8'): object => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const long = new Uint8Array(16);
  new DataView(long.buffer).setBigUint64(0, 1n << 40n, true);

  test.each<[string, Uint8Array, RegExp]>([
    ['with a truth value that is none', one('BOOL', [2], [1]), /truth value 2/],
    ['with a name as long as a file', file({ ['x'.repeat(1e6)]: 3 }), /"x{100}" ... .* is not an object/],
    [
      'with a shape that nests',
      file(`{"x":{"dtype":"U8","shape":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`),
      /nests/,
    ],
    ['without a header length', new Uint8Array(7), /at least 8 bytes, this one 7/],
    ['with a header longer than any', long, /not a safetensors file: it does not start with the length/],
    [
      'that is JSON',
      new TextEncoder().encode('{"format": "graph-model"}'),
      /not a safetensors file. .* like JSON/,
    ],
    ['with a cut header', file('{"x":').subarray(0, 12), /claims 5 bytes, but at most 4/],
    ['whose header is no JSON', file('{"x":'), /not JSON/],
    ['whose header is no text', file('{}').fill(0xff, 8), /not JSON/],
    ['whose header is a list', file('[]'), /not a JSON object/],
    [
      'with a name twice',
      file(
        '{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /"x" twice/,
    ],
    [
      'with a name twice, once escaped',
      file(
        '{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0078":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /"x" twice/,
    ],
    [
      'with a field twice',
      file('{"x":{"dtype":"U8","shape":[0],"shape":[1],"data_offsets":[0,0]}}'),
      /"shape" twice/,
    ],
    ['with metadata that is no text', file({ __metadata__: { a: 1 } }), /object of strings/],
    ['with metadata that is a list', file({ __metadata__: ['a'] }), /object of strings/],
    ['with an entry that is none', file({ x: 3 }), /"x" is not an object/],
    ['of an unknown type', file({ x: entry(0, 1, [1], 'F8_E4M3') }, [0]), /"F8_E4M3"; known: F64/],
    ['of an inherited type', file({ x: entry(0, 1, [1], 'constructor') }, [0]), /"constructor"/],
    ['with a negative size', file({ x: entry(0, 0, [-1]) }), /shape \[-1\]/],
    ['with a fractional size', file({ x: entry(0, 0, [0.5]) }), /shape \[0.5\]/],
    ['with a size beyond all memory', file({ x: entry(0, 1, [2 ** 53 - 1, 2 ** 53 - 1]) }, [0]), /needs/],
    ['with one offset', file({ x: { dtype: 'U8', shape: [0], data_offsets: [0] } }), /offsets \[0\]/],
    ['with offsets in the wrong order', file({ x: entry(1, 0, [1]) }, [0]), /bytes 1 to 0/],
    ['with offsets beyond its end', file({ x: entry(0, 9) }, [0]), /bytes 0 to 9, but the file holds 1/],
    ['with a shape of another size', file({ x: entry(0, 4, [2]) }, [0, 0, 0, 0]), /needs 2 bytes, not 4/],
    [
      'with overlapping tensors',
      file({ x: entry(0, 3), y: entry(2, 4) }, [0, 0, 0, 0]),
      /"y" starts at byte 2 and overlaps/,
    ],
    ['with one tensor in the place of another', file({ x: entry(0, 2), y: entry(0, 2) }, [0, 0]), /overlaps/],
    ['with a hole', file({ x: entry(0, 1), y: entry(2, 3) }, [0, 0, 0]), /Bytes 1 to 2 belong to no tensor/],
    [
      'with something after the last tensor',
      file({ x: entry(0, 1) }, [0, 0]),
      /Bytes 1 to 2 belong to no tensor/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, 'a/file')).toThrow(message);
    expect(() => decodeSafetensors(bytes, 'a/file')).toThrow(
      expect.objectContaining({ code: 'bad-file', message: expect.stringContaining('at a/file') as string }),
    );
  });

  test('strings that look like structure fool nobody', () => {
    const odd = { '{"x":1}': host([1]), '}': host([2]), 'a":': host([3]) };
    expect(Object.keys(decodeSafetensors(encodeSafetensors(odd)).tensors)).toEqual(Object.keys(odd));
  });

  test('whatever byte is changed, it is read or refused, never anything else', () => {
    const bytes = encodeSafetensors({ a: host([1, 2]), b: host([3]) }, { k: 'v' });
    const rng = Rng.fromSeed(8);
    for (let i = 0; i < 2000; i++) {
      const damaged = bytes.slice(0, rng.integer(4) === 0 ? rng.integer(bytes.length) : bytes.length);
      if (damaged.length > 0) damaged[rng.integer(damaged.length)] = rng.integer(256);
      try {
        decodeSafetensors(damaged);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-file' });
      }
    }
  });
});
