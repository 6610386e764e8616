// How long each layer of a network takes on one machine, at several widths. Plain data: whoever has the table comes
// to the same decisions again.

import * as z from 'zod/mini';

const widths = z.array(z.int().check(z.gte(1))).check(z.minLength(1));
const time = z.number().check(z.gte(0));

const layerSchema = z.strictObject({
  /** What it computes. */
  layer: z.string(),
  /** Channels that it read, ascending: one for each row of `milliseconds`. */
  reads: widths,
  /** Channels that it made, ascending: one for each column; a single one where they follow from those it reads. */
  makes: widths,
  /** Per image. */
  milliseconds: z.array(z.array(time)),
});

/** Measured times, and where they were measured. */
export const latencyTable = z.strictObject({
  /** The backend that computed. */
  backend: z.string(),
  /** What it computed on. */
  device: z.string(),
  /** What the backend says of itself: threads, versions, instructions. */
  computing: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Images that went through together. */
  batchSize: z.int().check(z.gte(1)),
  /** Per image, of the whole network as it was. */
  milliseconds: z.number().check(z.gt(0)),
  /** Times of each layer. */
  layers: z.array(layerSchema).check(z.minLength(1)),
});

export type LatencyTable = Readonly<z.infer<typeof latencyTable>>;
export type LayerTimes = LatencyTable['layers'][number];

/** Linear between the widths that were measured, and beyond them; never below 0. */
export function timeAt({ reads, makes, milliseconds }: LayerTimes, read: number, made: number): number {
  const [row, along] = segment(reads, read);
  const [column, across] = segment(makes, made);
  const at = (i: number): number => {
    const times = milliseconds[i]!;
    return across === 0 ? times[column]! : times[column]! * (1 - across) + times[column + 1]! * across;
  };
  return Math.max(0, along === 0 ? at(row) : at(row) * (1 - along) + at(row + 1) * along);
}

/** The index of the width before `width`, and which part of the way to the next one it is. */
function segment(measured: readonly number[], width: number): readonly [index: number, part: number] {
  if (measured.length === 1) return [0, 0];
  let i = 0;
  while (i < measured.length - 2 && measured[i + 1]! <= width) i++;
  return [i, (width - measured[i]!) / (measured[i + 1]! - measured[i]!)];
}
