// What is done to the colours of 8-bit pictures: pure functions with the roundings of Pillow, which torchvision
// and timm use, so that a recipe of theirs means the same here. Grey pictures pass through what mixes channels.

import { blank, histogram, look, type Picture } from './picture.ts';

const fround = Math.fround;

/** `under` where the share is 0, `over` where it is 1, beyond them where it is outside; truncated. */
function blend(under: Picture, over: Picture, share: number): Picture {
  if (share === 0) return under;
  if (share === 1) return over;
  const alpha = fround(share);
  const out = new Uint8Array(over.data.length);
  for (let i = 0; i < out.length; i++) {
    const a = under.data[i]!;
    const value = fround(a + fround(alpha * (over.data[i]! - a)));
    out[i] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
  return { ...over, data: out };
}

const luminance = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;

/** Luminance (ITU-R 601) in every channel. */
export function grey(picture: Picture): Picture {
  if (picture.channels !== 3) return picture;
  const { data } = picture;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out.fill(luminance(data[i]!, data[i + 1]!, data[i + 2]!), i, i + 3);
  }
  return { ...picture, data: out };
}

/** 0 is black, 1 as it is. */
export const brightness = (picture: Picture, factor: number): Picture =>
  blend(blank(picture), picture, factor);

/** 0 is the mean luminance everywhere, 1 as it is. */
export function contrast(picture: Picture, factor: number): Picture {
  const { data, channels } = grey(picture);
  let sum = 0;
  for (let i = 0; i < data.length; i += channels) sum += data[i]!;
  const mean = Math.trunc((sum * channels) / data.length + 0.5);
  return blend(blank(picture, mean), picture, factor);
}

/** 0 is grey, 1 as it is. */
export const saturation = (picture: Picture, factor: number): Picture =>
  blend(grey(picture), picture, factor);

/** 0 is smoothed by a 3 x 3 kernel (centre 5, neighbours 1), 1 as it is; the rim keeps its pixels. */
export function sharpness(picture: Picture, factor: number): Picture {
  const { height, width, channels, data } = picture;
  const smooth = data.slice();
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * data[i]!;
      for (const start of [i - row, i, i + row]) {
        sum += data[start - channels]! + data[start]! + data[start + channels]!;
      }
      smooth[i] = sum / 13 + 0.5;
    }
  }
  return blend({ ...picture, data: smooth }, picture, factor);
}

/** Turns the hue by `turns` of the circle, -1/2 to 1/2, through 8-bit hue, saturation and value. */
export function hue(picture: Picture, turns: number): Picture {
  if (picture.channels !== 3) return picture;
  const { data } = picture;
  const shift = Math.trunc(turns * 255);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [h, s, v] = toHsv(data[i]!, data[i + 1]!, data[i + 2]!);
    writeRgb(out, i, (h + shift) & 255, s, v);
  }
  return { ...picture, data: out };
}

function toHsv(red: number, green: number, blue: number): readonly [number, number, number] {
  const high = Math.max(red, green, blue);
  const low = Math.min(red, green, blue);
  if (high === low) return [0, 0, high];
  const range = high - low;
  const [r, g, b] = [
    fround((high - red) / range),
    fround((high - green) / range),
    fround((high - blue) / range),
  ];
  const sector = fround(red === high ? b - g : green === high ? 2 + r - b : 4 + g - r);
  const h = fround((sector / 6 + 1) % 1);
  return [Math.trunc(h * 255), Math.trunc(fround(range / high) * 255), high];
}

function writeRgb(out: Uint8Array, at: number, h: number, s: number, v: number): void {
  if (s === 0) {
    out.fill(v, at, at + 3);
    return;
  }
  const sector = Math.floor((h * 6) / 255);
  const f = fround((h * 6) / 255 - sector);
  const share = fround(s / 255);
  const p = Math.round(v * (1 - share));
  const q = Math.round(v * (1 - share * f));
  const t = Math.round(v * (1 - share * (1 - f)));
  const [r, g, b] = [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ][sector % 6]!;
  out[at] = r!;
  out[at + 1] = g!;
  out[at + 2] = b!;
}

const tableOf = (value: (x: number) => number): ((channel: number) => Uint8Array) => {
  const table = Uint8Array.from({ length: 256 }, (_, x) => value(x));
  return () => table;
};

export const invert = (picture: Picture): Picture =>
  look(
    picture,
    tableOf((x) => 255 - x),
  );

/** Inverts the values from `threshold` on. */
export const solarize = (picture: Picture, threshold: number): Picture =>
  look(
    picture,
    tableOf((x) => (x < threshold ? x : 255 - x)),
  );

/** Adds to the values below 128, at most to white. */
export const solarizeAdd = (picture: Picture, add: number): Picture =>
  look(
    picture,
    tableOf((x) => (x < 128 ? Math.min(255, x + add) : x)),
  );

/** Keeps the highest `bits` of every value. */
export const posterize = (picture: Picture, bits: number): Picture =>
  look(
    picture,
    tableOf((x) => x & ~(2 ** (8 - bits) - 1)),
  );

/** Spreads every channel over all of 0 to 255. */
export function autoContrast(picture: Picture): Picture {
  return look(picture, (channel) => {
    const counts = histogram(picture, channel);
    const low = counts.findIndex((n) => n > 0);
    const high = counts.findLastIndex((n) => n > 0);
    if (high <= low) return Uint8Array.from({ length: 256 }, (_, x) => x);
    const scale = 255 / (high - low);
    return Uint8ClampedArray.from({ length: 256 }, (_, x) => Math.trunc(x * scale - low * scale));
  });
}

/** Makes the values of every channel about equally frequent. */
export function equalize(picture: Picture): Picture {
  return look(picture, (channel) => {
    const counts = histogram(picture, channel);
    const used = counts.filter((n) => n > 0);
    const pixels = picture.height * picture.width;
    const step = used.length <= 1 ? 0 : Math.floor((pixels - used.at(-1)!) / 255);
    if (step === 0) return Uint8Array.from({ length: 256 }, (_, x) => x);
    let below = Math.floor(step / 2);
    return Uint8ClampedArray.from(counts, (n) => {
      const value = Math.floor(below / step);
      below += n;
      return value;
    });
  });
}
