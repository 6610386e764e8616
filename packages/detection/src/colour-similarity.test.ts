// Colours of a photograph and the boxes on it, against AdelaiDet's and scikit-image's.

import { cpu } from '@ma-net/backend-cpu';
import { startBackend, valueAndGrad } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath, type Rows } from '../test/fixtures.ts';
import { pairwiseLoss, pairwiseTerms, projectionLoss } from './box-supervision.ts';
import { boxCells, CELL, cellColours, colourSimilarity, labOf, validCells } from './colour-similarity.ts';
import { diceLoss } from './losses.ts';

beforeAll(() => startBackend(cpu));

const { colour, terms } = fixture<{
  readonly colour: {
    readonly boxes: Rows;
    readonly padded_hw: readonly [number, number];
    readonly bottom_rows_removed: number;
    readonly lab_vectors: readonly { readonly rgb: readonly number[]; readonly lab: readonly number[] }[];
  };
  readonly terms: {
    readonly projection: number;
    readonly pairwise: number;
    readonly dice_each: readonly number[];
    readonly projection_of_perfect_boxes: number;
  };
}>('instances');
const files = await Promise.all(
  ['colour', 'boxinst_terms'].map((name) => readSafetensors(fixturePath(`${name}.safetensors`))),
);
const tensors = Object.assign({}, ...files.map((file) => file.tensors)) as (typeof files)[0]['tensors'];
const numbers = (name: string): number[] => Array.from(tensors[name]!.data);
const tensor = <T extends tf.Tensor>(name: string): T =>
  tf.tensor(numbers(name), [...tensors[name]!.shape], 'float32') as unknown as T;

const cells = colour.padded_hw.map((side) => side / CELL) as [number, number];

function lab(): tf.Tensor4D {
  const [height, width] = tensors['image_rgb']!.shape as [number, number];
  const [rows, columns] = colour.padded_hw;
  const padded = tf.pad(tensor<tf.Tensor3D>('image_rgb'), [
    [0, rows - height],
    [0, columns - width],
    [0, 0],
  ]);
  return labOf(cellColours(tf.expandDims(padded) as tf.Tensor4D)) as tf.Tensor4D;
}

function valid(): tf.Tensor3D {
  const [height, width] = tensors['image_rgb']!.shape as [number, number];
  return validCells(tf.tensor2d([[height, width]]), tf.tensor1d([colour.bottom_rows_removed]), cells);
}

test('Lab of known colours', async () => {
  const found = labOf(tf.tensor2d(colour.lab_vectors.map(({ rgb }) => [...rgb])));
  expectNear(
    await found.data(),
    colour.lab_vectors.flatMap(({ lab }) => lab),
  );
});

test('colours of cells are cut to whole numbers first, and that can be seen', async () => {
  const found = await lab().data();
  expectNear(found, numbers('lab'));
  const others = numbers('lab_of_untruncated_average');
  expect(Math.max(...others.map((value, i) => Math.abs(value - found[i]!)))).toBeGreaterThan(0.1);
});

test('what counts, and which neighbours look alike', async () => {
  expect([...(await valid().data())]).toEqual(numbers('valid_stride4'));
  const found = await colourSimilarity(lab(), valid()).data();
  expectNear(found, numbers('similarity'));
  expect(Array.from(found, (value) => Number(value >= 0.3))).toEqual(
    numbers('edges_similarity_at_least_0.3'),
  );
});

test('boxes as masks', async () => {
  const found = boxCells(tf.tensor2d(colour.boxes.map((box) => [...box])), cells);
  expect([...(await found.data())]).toEqual(numbers('box_masks_stride4'));
});

describe('losses under boxes on a photograph', () => {
  const gradient = async (name: string, loss: (logits: tf.Tensor3D) => tf.Scalar): Promise<number> => {
    const { value, grads } = valueAndGrad(
      ({ logits }) => ({ value: loss(logits as tf.Tensor3D), aux: {} }),
      { logits: tensor('logits') },
      ['logits'],
    );
    expectNear(await grads['logits']!.data(), numbers(`grad_${name}`), 1e-4);
    return (await value.data())[0]!;
  };
  const flat = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [x.shape[0]!, -1]);

  test('the shadows of masks', async () => {
    const boxes = tensor<tf.Tensor3D>('box_masks');
    expect(await gradient('projection', (x) => tf.mean(projectionLoss(x, boxes)))).toBeCloseTo(
      terms.projection,
      5,
    );
    const sure = tf.mul(tf.sub(boxes, 0.5), 60) as tf.Tensor3D;
    const [perfect] = await tf.mean(projectionLoss(sure, boxes)).data();
    expect(Math.abs(perfect! - terms.projection_of_perfect_boxes)).toBeLessThan(1e-6);
  });

  test('pairs that look alike', async () => {
    const similarity = tf.tile(colourSimilarity(lab(), valid()), [3, 1, 1, 1]);
    const boxes = tensor<tf.Tensor3D>('box_masks');
    expectNear(await pairwiseTerms(tensor('logits')).data(), numbers('pairwise_map'));
    expect(await gradient('pairwise', (x) => pairwiseLoss(x, similarity, boxes))).toBeCloseTo(
      terms.pairwise,
      5,
    );
  });

  test('masks', async () => {
    const boxes = flat(tensor('box_masks'));
    await gradient('dice_mean', (x) => tf.mean(diceLoss(tf.sigmoid(flat(x)), boxes)));
    expectNear(await diceLoss(tf.sigmoid(flat(tensor('logits'))), boxes).data(), terms.dice_each);
  });
});
