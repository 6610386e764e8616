// Batches as COCO's readers make them, of images without content.

import { type HostBatch, Rng, uploadParams } from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import { packTruths } from '@ma-net/metrics';

export interface Thing {
  readonly label: number;
  /** x0, y0, x1, y1 in pixels of the batch. */
  readonly box: readonly [number, number, number, number];
}

const [HEIGHT, WIDTH, ROOM] = [16, 24, 4];

/** Images of 16 x 24 pixels with room for 4 objects, of which `sizes` is not padding; at twice their original size. */
export function hostBatch(
  things: readonly (readonly Thing[])[],
  sizes: readonly (readonly [number, number])[],
  seed = 1,
): HostBatch {
  const count = things.length;
  const boxes = new Float32Array(count * ROOM * 4);
  const labels = new Int32Array(count * ROOM).fill(-1);
  things.forEach((of, b) =>
    of.forEach(({ label, box }, n) => {
      boxes.set(box, 4 * (b * ROOM + n));
      labels[b * ROOM + n] = label;
    }),
  );
  const whole = (data: readonly number[], shape: readonly number[]) =>
    ({ shape, dtype: 'int32', data: Int32Array.from(data) }) as const;
  return {
    images_BHWC: {
      shape: [count, HEIGHT, WIDTH, 3],
      dtype: 'float32',
      data: Rng.fromSeed(seed).normals(count * HEIGHT * WIDTH * 3, 1),
    },
    boxes_BN4: { shape: [count, ROOM, 4], dtype: 'float32', data: boxes },
    labels_BN: { shape: [count, ROOM], dtype: 'int32', data: labels },
    sizes_B2: whole(sizes.flat(), [count, 2]),
    originals_B2: whole(
      sizes.flat().map((side) => side / 2),
      [count, 2],
    ),
    indices_B: whole([...things.keys()], [count]),
    ...packTruths(
      things.map((of, index) => ({
        index,
        size: [sizes[index]![0] / 2, sizes[index]![1] / 2] as const,
        objects: of.map(({ label, box: [x0, y0, x1, y1] }) => ({
          label,
          box: [x0 / 2, y0 / 2, (x1 - x0) / 2, (y1 - y0) / 2] as const,
          area: ((x1 - x0) * (y1 - y0)) / 4,
          crowd: false,
        })),
      })),
    ),
  };
}

export const uploaded = (batch: HostBatch): CocoBatch => uploadParams(batch) as unknown as CocoBatch;
