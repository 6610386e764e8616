import { readFileSync } from 'node:fs';
import { Rng } from '@ma-net/core';
import { afterEach, expect, test, vi } from 'vitest';
import wabt from 'wabt';
import { cut } from './picture.ts';
import { type Interpolation, resample, resampling, resize } from './resize.ts';
import { resampleByVectors } from './vectors.ts';

afterEach(() => vi.unstubAllGlobals());

const picture = (rng: Rng, height: number, width: number, channels = 3) => ({
  height,
  width,
  channels,
  // Black and white beside each other, where a cubic overshoots most.
  data: Uint8Array.from({ length: height * width * channels }, () => rng.integer(3) * 127.5),
});

test('what runs is what is written', async () => {
  const source = readFileSync(new URL('resample.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('resample.wat', source, { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
  const lines = base64.match(/.{1,96}/g)!.map((line) => `  '${line}',\n`);
  const code = `// resample.wat, compiled by vectors.test.ts.\n\nexport const RESAMPLE = [\n${lines.join('')}].join('');\n`;
  await expect(code).toMatchFileSnapshot('resample-wasm.ts');
});

test('vectors give the bytes that plain JavaScript gives, of every size, part and filter', () => {
  for (let seed = 0; seed < 42; seed++) {
    const rng = Rng.fromSeed(seed);
    const upTo = (most: number) => 1 + rng.integer(most);
    // The last two are handed over in several strips.
    const from = seed < 40 ? picture(rng, upTo(60), upTo(60)) : picture(rng, 300 + upTo(50), 700);
    const inside = (size: number) => {
      const length = upTo(size);
      return [rng.integer(size - length + 1), length] as const;
    };
    const [top, tall] = inside(from.height);
    const [left, wide] = inside(from.width);
    const crop = { top, left, height: tall, width: wide };
    const size = { height: upTo(40), width: upTo(40) };
    const [y, rows] = inside(size.height);
    const [x, columns] = inside(size.width);
    const window = { top: y, left: x, height: rows, width: columns };
    const interpolation: Interpolation = seed % 2 === 0 ? 'bilinear' : 'bicubic';
    const sums = resampling(from, size, { crop, window, interpolation });
    const found = resampleByVectors(sums);
    expect(Buffer.compare(found!, resample(sums))).toBe(0);
    // A part of a picture is the picture of that part, and a window is cut from the whole.
    const whole = resize(cut(from, crop), size, { interpolation });
    expect(Buffer.compare(found!, cut(whole, window).data)).toBe(0);
  }
});

test('what is not of three channels, or may not run WebAssembly, is resampled all the same', async () => {
  const rng = Rng.fromSeed(7);
  const size = { height: 5, width: 9 };
  const colour = picture(rng, 13, 8);
  const expected = resize(colour, size);
  const red = { ...colour, channels: 1, data: colour.data.filter((_, i) => i % 3 === 0) };
  expect(resampleByVectors(resampling(red, size))).toBeUndefined();
  expect(resize(red, size).data).toEqual(expected.data.filter((_, i) => i % 3 === 0));

  vi.resetModules();
  vi.stubGlobal('WebAssembly', undefined);
  const vectors = await import('./vectors.ts');
  expect(vectors.resampleByVectors(resampling(colour, size))).toBeUndefined();
  expect((await import('./resize.ts')).resize(colour, size)).toEqual(expected);
});
