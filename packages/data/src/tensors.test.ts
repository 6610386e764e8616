import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { evaluationBatches } from './batches.ts';
import { digits } from './node.ts';
import { tensorBatches, toTensors } from './tensors.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const { test: set } = await digits({ testLimit: 10 });

describe('toTensors', () => {
  test('uploads images and labels', () => {
    const [batch] = evaluationBatches(set, 12);
    const { images_BHWC, labels_B } = toTensors(batch!);
    expect([images_BHWC.shape, images_BHWC.dtype]).toEqual([[12, 8, 8, 1], 'float32']);
    expect([labels_B.shape, labels_B.dtype]).toEqual([[12], 'int32']);
    expect(images_BHWC.dataSync()).toEqual(batch!.images);
    expect(labels_B.dataSync()).toEqual(batch!.labels);
    tf.dispose([images_BHWC, labels_B]);
  });
});

describe('tensorBatches', () => {
  test('uploads a batch when it is asked for, and leaves it to the caller', () => {
    const before = tf.memory().numTensors;
    let batches = 0;
    for (const batch of tensorBatches(evaluationBatches(set, 4))) {
      expect(tf.memory().numTensors).toBe(before + 2);
      tf.dispose(batch);
      batches++;
    }
    expect(batches).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
  });
});
