import { MaNetError } from '@ma-net/core';
import type { EncodedPicture } from '../sample.ts';
import { cut } from '../transforms/picture.ts';
import { withChannels } from './channels.ts';

/** Pixels as a canvas gives them: red, green, blue and alpha, 0 to 255, row by row; a browser's `ImageData` is one. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** An image that is decoded already, as `decodePhoto` opens a file: alpha is dropped. Throws `bad-data`. */
export function rgbaPicture({ width, height, data }: RgbaImage): EncodedPicture {
  if (data.length === 0 || data.length !== width * height * 4) {
    throw new MaNetError(
      'bad-data',
      `${width} x ${height} pixels of red, green, blue and alpha are ${width * height * 4} bytes, not ${data.length}.`,
      { hint: 'pass an ImageData, or what is built like one.' },
    );
  }
  return {
    height,
    width,
    read(channels, box) {
      const rgb = new Uint8Array(width * height * 3);
      for (let p = 0; p < width * height; p++) for (let c = 0; c < 3; c++) rgb[p * 3 + c] = data[p * 4 + c]!;
      const picture = withChannels({ height, width, channels: 3, data: rgb }, channels);
      return Promise.resolve(box === undefined ? picture : cut(picture, box));
    },
  };
}
