// What a file of annotations holds.

import type { Rle } from '@ma-net/metrics';

export interface CocoImage {
  readonly id: number;
  readonly file: string;
  readonly height: number;
  readonly width: number;
}

/** The outline of an object: polygons, x and y in turn, in pixels; or run lengths. */
export type Segmentation = { readonly polygons: readonly (readonly number[])[] } | { readonly rle: Rle };

export interface CocoAnnotation {
  readonly id: number;
  /** Index of its class. */
  readonly label: number;
  /** x0, y0, x1, y1 in pixels; as the file has it, so it may leave the image or have no area. */
  readonly box: readonly [number, number, number, number];
  /** Many objects in one: no detector is asked to find it, nor blamed for what it finds there. */
  readonly crowd: boolean;
  readonly area: number;
  readonly segmentation?: Segmentation;
}

export interface CocoAnnotations {
  readonly path: string;
  readonly images: readonly CocoImage[];
  /** In the order of the ids of the file; a label is an index into it. */
  readonly classNames: readonly string[];
  /** The id of every class in the file: results for others to read have these. */
  readonly categoryIds: readonly number[];
  /** Objects in all. */
  readonly size: number;
  /** How many objects an image has that are no crowds and have an area. */
  countOf(image: number): number;
  /** The objects of an image, in the order of the file. */
  objectsOf(image: number): Promise<CocoAnnotation[]>;
  close(): Promise<void>;
}
