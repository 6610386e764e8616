import type { Collate } from '@ma-net/core';
import { type ImageCollateOptions, imageCollate } from '../batches/image-collate.ts';
import type { ImageSample } from '../sample.ts';
import { moduleFor } from '../workers/module-for.ts';
import { decodePhoto } from './decode.ts';

/** `imageCollate` that decodes files too, and that worker threads can make from the same options. */
export function photoCollate(options: ImageCollateOptions): Collate<ImageSample> {
  const module = moduleFor('./photo-collate', import.meta.url);
  return imageCollate(options, { decode: decodePhoto, remote: { module, name: 'photoCollate', options } });
}
