import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, test } from 'vitest';
import { agree, normals, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

test('sums of segments over random shapes, with rows of no segment', () =>
  repeat('segments', 40, (rng) => {
    const r = rng();
    const shape = Array.from({ length: 1 + r.integer(3) }, () => 1 + r.integer(5));
    const numSegments = 1 + r.integer(4);
    const ids = Array.from({ length: shape[0]! }, () => r.integer(numSegments + 2) - 1);
    return agree(
      'UnsortedSegmentSum',
      () => ({ x: normals(rng().split('x'), ...shape), segmentIds: tf.tensor1d(ids, 'int32') }),
      { numSegments },
    );
  }));
