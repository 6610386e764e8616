import type { Box, Picture } from './transforms/picture.ts';

/** One labelled image as a data set gives it: pixels, or a file that is decoded where the batch is made. */
export interface ImageSample {
  readonly image: Picture | Uint8Array;
  /** Index of its class. */
  readonly label: number;
  /** What an error calls it: a file, a record of one. */
  readonly where: string;
}

/** A file whose size is known and whose pixels are not decoded yet. */
export interface EncodedPicture {
  /** After it is turned as its EXIF data say. */
  readonly height: number;
  readonly width: number;
  /** Pixels of `box`, or all of them, as 3 channels, or as 1. */
  read(channels: number, box?: Box): Promise<Picture>;
}

/** Opens a file of an image; `bad-data`, naming it, where it is none. */
export type Decode = (bytes: Uint8Array, where: string) => Promise<EncodedPicture>;
