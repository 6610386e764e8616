import '../test/backend.ts';
import { type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../test/tensors.ts';
import { type CellState, stepCells } from './cells.ts';

/** Cells of hidden size 1 with zero kernels. */
const biased = (cells: number, bias: readonly [number, number, number, number]): Params =>
  Object.fromEntries(
    Array.from({ length: cells }, (_, k) => [
      [`astro.0.cells.${k}.wx`, tf.zeros([1, 4])],
      [`astro.0.cells.${k}.wh`, tf.zeros([1, 4])],
      [`astro.0.cells.${k}.b`, tf.tensor1d([...bias])],
    ]).flat(),
  ) as Params;
const rest = (cells: number, rows: number): CellState[] =>
  Array.from({ length: cells }, () => ({ h_FD: tf.zeros([rows, 1]), c_FD: tf.zeros([rows, 1]) }));

describe('stepCells', () => {
  test('sums the outputs of the cells', () => {
    // With zero weights and zero state every gate is 1/2 and every candidate 0, so h = 0 for each cell; with
    // candidate bias 20 (tanh = 1): c = 1/2, h = 1/2 * tanh(1/2) = 0.2310586, twice = 0.4621172.
    const { out_FD } = stepCells(biased(2, [0, 0, 20, 0]), 0, tf.zeros([3, 1]), rest(2, 3));
    expectClose(out_FD, { shape: [3, 1], data: [0.4621172, 0.4621172, 0.4621172] });
  });

  test('remembers: the forget gate is the second of four', () => {
    // Input gate shut, forget and output open: c stays 0.7, h = tanh(0.7) = 0.6043678.
    const state = [{ h_FD: tf.zeros([1, 1]), c_FD: tf.tensor2d([[0.7]]) }] as CellState[];
    const { out_FD, states } = stepCells(biased(1, [-20, 20, 5, 20]), 0, tf.zeros([1, 1]), state);
    expectClose(states[0]!.c_FD, { shape: [1, 1], data: [0.7] });
    expectClose(out_FD, { shape: [1, 1], data: [0.6043678] });
  });

  test('feeds each cell the input plus the outputs of all earlier cells', () => {
    const rng = Rng.fromSeed(3);
    const draw = (name: string, shape: number[]): [string, tf.Tensor] => [
      name,
      tf.tensor(
        rng.split(name).normals(
          shape.reduce((a, b) => a * b),
          1,
        ),
        shape,
      ),
    ];
    const phi = Object.fromEntries(
      [0, 1, 2].flatMap((k) => [
        draw(`astro.0.cells.${k}.wx`, [2, 8]),
        draw(`astro.0.cells.${k}.wh`, [2, 8]),
        draw(`astro.0.cells.${k}.b`, [8]),
      ]),
    );
    const states = [0, 1, 2].map((k) => ({ h_FD: draw(`h${k}`, [4, 2])[1], c_FD: draw(`c${k}`, [4, 2])[1] }));
    const x_FD = draw('x', [4, 2])[1] as tf.Tensor2D;
    const { out_FD, states: next } = stepCells(phi, 0, x_FD, states as CellState[]);
    // The third cell alone, on its input written out.
    const third = Object.fromEntries(
      ['wx', 'wh', 'b'].map((p) => [`astro.0.cells.0.${p}`, phi[`astro.0.cells.2.${p}`]!]),
    );
    const input = tf.add(x_FD, tf.add(next[0]!.h_FD, next[1]!.h_FD)) as tf.Tensor2D;
    expectClose(stepCells(third, 0, input, [states[2] as CellState]).out_FD, next[2]!.h_FD);
    expectClose(out_FD, tf.addN(next.map((s) => s.h_FD)));
    expect(next).toHaveLength(3);
  });
});
