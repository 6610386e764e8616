// Files of images as pixels, by libvips: what torchvision's loader would give, so that published recipes mean the
// same. Alpha is dropped, embedded colour profiles are not applied, 16 bits become 8. Unlike there, images are turned
// as their EXIF data say.

import { MaNetError } from '@ma-net/core';
import type { Sharp, SharpOptions } from 'sharp';
import type { EncodedPicture } from '../sample.ts';
import { cut } from '../transforms/picture.ts';
import { withChannels } from './channels.ts';

type Library = (input: Uint8Array, options: SharpOptions) => Sharp;
let library: Promise<Library> | undefined;

/** Loaded when the first file is opened: whoever only has arrays needs no such library. */
async function load(): Promise<Library> {
  library ??= import('sharp').then(
    ({ default: sharp }) => {
      // One image at a time in a thread; several are decoded side by side anyway.
      sharp.concurrency(1);
      sharp.cache(false);
      return sharp;
    },
    (cause: unknown) => {
      throw new MaNetError('not-found', 'Images cannot be decoded: the package "sharp" does not load.', {
        where: `${process.platform} ${process.arch}`,
        hint: 'run `npm i sharp` beside @ma-net/data; it brings a prebuilt library for common platforms.',
        cause,
      });
    },
  );
  return library;
}

/** Truncated or broken data are an error; what viewers only warn of is not. */
const OPTIONS = { failOn: 'error', ignoreIcc: true } satisfies SharpOptions;

/** Opens a JPEG, PNG or WebP. `bad-data`, naming the file, if it is none or its header is broken. */
export async function decodePhoto(bytes: Uint8Array, where: string): Promise<EncodedPicture> {
  const sharp = await load();
  const fail = (cause: unknown): never => {
    throw undecodable(where, bytes, cause);
  };
  // Inside of a promise, because an empty file is refused at once.
  const metadata = await Promise.resolve()
    .then(() => sharp(bytes, OPTIONS).metadata())
    .catch(fail);
  const { orientation = 1 } = metadata;
  const { width, height } = metadata.autoOrient;
  return {
    height,
    width,
    async read(channels, box) {
      const upright = orientation === 1;
      let image = sharp(bytes, OPTIONS);
      if (box !== undefined && upright) image = image.extract(box);
      else if (!upright) image = image.autoOrient();
      const { data, info } = await image
        .removeAlpha()
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true })
        .catch(fail);
      const { height: rows, width: columns, channels: found } = info;
      const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const picture = withChannels({ height: rows, width: columns, channels: found, data: plain }, channels);
      return box === undefined || upright ? picture : cut(picture, box);
    },
  };
}

function undecodable(where: string, bytes: Uint8Array, cause: unknown): MaNetError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const reason = words.replace(/\s+/g, ' ').trim();
  return new MaNetError('bad-data', `The image cannot be decoded: ${reason}. It has ${bytes.length} bytes.`, {
    where,
    hint: 'copy it again or remove it; `manet data check` lists every such file. --set data.corrupt=skip goes on without them.',
    cause,
  });
}
