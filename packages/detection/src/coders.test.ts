import { describe, expect, test } from 'vitest';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import { clipBoxes } from './boxes.ts';
import { decodeDeltas, decodeDistances, encodeDeltas, encodeDistances, LARGEST_SCALING } from './coders.ts';

type Stds = readonly [number, number, number, number];
interface Coder {
  readonly stds: Stds;
  readonly encoded: Rows;
  readonly deltas: Rows;
  readonly round_trip: Rows;
  readonly 'decoded_upper_clamp_only (detectron2, torchvision)': Rows;
  readonly 'decoded_both_clamps (mmdet), no clip': Rows;
  readonly 'decoded_both_clamps (mmdet), clipped to 150x200': Rows;
}
interface Coders {
  readonly clamp: number;
  readonly source_boxes: Rows;
  readonly target_boxes: Rows;
  readonly rpn: Coder;
  readonly rcnn: Coder;
  readonly fcos: Readonly<Record<'locations_xy' | 'ltrb_times_stride_8' | 'boxes', Rows>>;
}
const oracle = fixture<Coders>('coders');
const [anchors, targets] = [oracle.source_boxes.flat(), oracle.target_boxes.flat()];

describe.each(['rpn', 'rcnn'] as const)('deltas of the %s head', (head) => {
  const { stds, ...expected } = oracle[head];
  const deltas = expected.deltas.flat();

  test('encode', () => expectNear(encodeDeltas(anchors, targets, { stds }), expected.encoded.flat()));

  test('decode, held from above', () => {
    const boxes = decodeDeltas(anchors, deltas, { stds, clamp: 'above' });
    expectNear(boxes, expected['decoded_upper_clamp_only (detectron2, torchvision)'].flat());
  });

  test('decode, held at both ends, and clip', () => {
    const boxes = decodeDeltas(anchors, deltas, { stds, clamp: 'both' });
    expectNear(boxes, expected['decoded_both_clamps (mmdet), no clip'].flat());
    expectNear(
      clipBoxes(boxes, 150, 200),
      expected['decoded_both_clamps (mmdet), clipped to 150x200'].flat(),
    );
  });

  test('there and back', () => {
    const codes = encodeDeltas(anchors, targets, { stds });
    expectNear(decodeDeltas(anchors, codes, { stds, clamp: 'above' }), expected.round_trip.flat());
  });
});

test('the largest scaling is that of the reference', () => {
  expect(LARGEST_SCALING).toBeCloseTo(oracle.clamp, 7);
});

test('distances from points', () => {
  const { locations_xy, ltrb_times_stride_8, boxes } = oracle.fcos;
  expectNear(decodeDistances(locations_xy.flat(), ltrb_times_stride_8.flat()), boxes.flat());
  expectNear(encodeDistances(locations_xy.flat(), boxes.flat()), ltrb_times_stride_8.flat());
});
