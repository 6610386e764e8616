import { type HostBatch, type HostTensor, Rng } from '@ma-net/core';
import {
  type CocoDetection,
  encodeMask,
  evaluateCoco,
  type ImageTruths,
  maskBox,
  packTruths,
  type Rle,
  unpackTruths,
} from '@ma-net/metrics';
import { expect, test } from 'vitest';
import { cocoMeter } from './coco-meter.ts';
import type { Detections } from './detections.ts';

const [HEIGHT, WIDTH] = [60, 80];

/** A rectangle as a mask. */
function rectangle(rng: Rng): Rle {
  const [top, left] = [rng.integer(HEIGHT - 40), rng.integer(WIDTH - 40)];
  const [bottom, right] = [top + 4 + rng.integer(36), left + 4 + rng.integer(36)];
  const inside = (i: number): boolean => {
    const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
    return y >= top && y < bottom && x >= left && x < right;
  };
  return encodeMask(
    Uint8Array.from({ length: HEIGHT * WIDTH }, (_, i) => Number(inside(i))),
    HEIGHT,
    WIDTH,
  );
}

function truthsOf(index: number, rng: Rng): ImageTruths {
  const objects = Array.from({ length: 1 + rng.integer(3) }, (_, n) => {
    const mask = rectangle(rng);
    const box = maskBox(mask);
    return { label: rng.integer(3), box, area: box[2] * box[3], crowd: n === 2, mask };
  });
  return { index, size: [HEIGHT, WIDTH], objects };
}

/** Some of the objects, some moved by a few pixels, some of nothing. */
function detectionsOf({ objects }: ImageTruths, rng: Rng): Detections {
  const found = objects.flatMap(({ label, mask }) =>
    rng.uniform() < 0.2 ? [] : [{ label, mask: rng.uniform() < 0.3 ? rectangle(rng) : mask! }],
  );
  const scores = Float32Array.from(found, () => rng.uniform())
    .sort()
    .reverse();
  const boxes = found.flatMap(({ mask }) => {
    const [x, y, w, h] = maskBox(mask);
    return [x, y + rng.integer(3), x + w, y + h];
  });
  return {
    boxes: Float32Array.from(boxes),
    labels: Int32Array.from(found, ({ label }) => label),
    scores,
    masks: found.map(({ mask }) => mask),
  };
}

/** As a data set gives them: the last batch is filled up. */
function batchOf(images: readonly ImageTruths[], size: number): HostBatch {
  const rest = size - images.length;
  const int = (shape: number[], data: number[]): HostTensor => ({
    shape,
    dtype: 'int32',
    data: Int32Array.from(data),
  });
  return {
    indices_B: int([size], [...images.map(({ index }) => index), ...new Array<number>(rest).fill(-1)]),
    originals_B2: int([size, 2], new Array(size).fill([HEIGHT, WIDTH]).flat() as number[]),
    ...packTruths(images),
  };
}

const images = Array.from({ length: 20 }, (_, i) => truthsOf(3 * i, Rng.fromSeed(i)));
const found = images.map((image, i) => detectionsOf(image, Rng.fromSeed(100 + i)));
const nothing: Detections = { ...found[0]!, boxes: Float32Array.of(0, 0, 9, 9), scores: Float32Array.of(1) };

/** The images in batches of seven. */
function measured(kinds: Parameters<typeof cocoMeter>[0]['kinds']) {
  const meter = cocoMeter({ kinds });
  for (let start = 0; start < images.length; start += 7) {
    const own = found.slice(start, start + 7);
    meter.add(
      [...own, ...new Array<Detections>(7 - own.length).fill(nothing)],
      batchOf(images.slice(start, start + 7), 7),
    );
  }
  return meter;
}

test('is the metric over all batches, without what fills them up', () => {
  const truths = unpackTruths(batchOf(images, images.length));
  const detections = found.flatMap(({ boxes, labels, scores, masks }, i): CocoDetection[] =>
    Array.from(scores, (score, n) => {
      const [x0, y0, x1, y1] = boxes.subarray(4 * n) as unknown as readonly [number, number, number, number];
      return {
        image: images[i]!.index,
        category: labels[n]!,
        score,
        box: [x0, y0, x1 - x0, y1 - y0],
        mask: masks![n]!,
      };
    }),
  );
  const all = { images: images.map(({ index }) => index), categories: [0, 1, 2] };
  const [boxes, masks] = (['boxes', 'masks'] as const).map((of) =>
    evaluateCoco(truths, detections, { of, ...all }),
  );
  const meter = measured(['bbox', 'segm']);
  const result = meter.result();
  expect(result['AP']).toBe(boxes!.all.AP);
  expect(result['AR10']).toBe(boxes!.all.AR10);
  expect(result['maskAP75']).toBe(masks!.all.AP75);
  expect(result['AP']).toBeGreaterThan(0.1);
  expect(result['AP']).not.toBe(result['maskAP']);
  // There are none.
  expect('APl' in result).toBe(false);
  expect(Object.keys(result)).toHaveLength(20);
  expect(meter.byClass!().get(1)).toMatchObject({
    AP50: boxes!.byCategory.get(1)!.AP50,
    maskAP: masks!.byCategory.get(1)!.AP,
  });
  expect(Object.keys(measured(['bbox']).result()).filter((name) => name.startsWith('mask'))).toEqual([]);
});

test('more images change what was measured before', () => {
  const meter = measured(['bbox']);
  const before = meter.result()['AP']!;
  const more = truthsOf(1000, Rng.fromSeed(7));
  meter.add(
    [{ boxes: new Float32Array(), labels: new Int32Array(), scores: new Float32Array() }],
    batchOf([more], 1),
  );
  expect(meter.result()['AP']).toBeLessThan(before);
});

test('images without any object are nothing to measure on', () => {
  const meter = cocoMeter({ kinds: ['bbox'] });
  meter.add([nothing], batchOf([{ index: 0, size: [HEIGHT, WIDTH], objects: [] }], 1));
  expect(() => meter.result()).toThrow(expect.objectContaining({ code: 'bad-data' }));
});

test('masks are asked for where masks are measured', () => {
  const meter = cocoMeter({ kinds: ['segm'] });
  const { masks: _, ...bare } = found[1]!;
  meter.add([bare], batchOf([images[1]!], 1));
  expect(() => meter.result()).toThrow(/no mask/);
});
