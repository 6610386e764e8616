import { availableParallelism } from 'node:os';
import type { Collate } from '@ma-net/core';
import { decodePhoto, moduleFor, workerCrew } from '@ma-net/data/node';
import type { CocoMakers } from './coco-data.ts';
import { cocoCollate, type CocoCollateOptions, type CocoSample } from './collate.ts';

/** `cocoCollate` that decodes files too, and that worker threads can make from the same options. */
export function cocoPhotoCollate(options: CocoCollateOptions): Collate<CocoSample> {
  const module = moduleFor('./photo-collate', import.meta.url);
  return cocoCollate(options, { decode: decodePhoto, remote: { module, name: 'cocoPhotoCollate', options } });
}

/** Makers that decode files, in `workers` threads; as many as there are processors, less one, unless given. */
export function cocoMakers(workers = Math.max(1, availableParallelism() - 1)): CocoMakers {
  return {
    collate: cocoPhotoCollate,
    crew: (collate) => (workers === 0 ? undefined : workerCrew(collate, workers)),
  };
}
