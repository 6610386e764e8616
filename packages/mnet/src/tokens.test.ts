import '../test/backend.ts';
import { type ModulatedKernel, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { byKernel, kernelsOf, oracleNetwork, oracleOptions, readAlternate } from '../test/oracle.ts';
import { expectClose, expectNoLeak } from '../test/tensors.ts';
import { partitionPreNeurons } from './partition.ts';
import { postTokens, postTokenWidth, preTokens, preTokenWidth, tokenConstants } from './tokens.ts';

const natural = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

describe('tokens', () => {
  test('agree with the oracle', () => {
    const oracle = readAlternate();
    const { kernels } = oracleNetwork;
    const [now, previous] = [byKernel(kernels, oracle.D), byKernel(kernels, oracle.Dprev)];
    const constants = tokenConstants(kernels, oracleOptions.bins!, natural(22));
    expectClose(preTokens(kernels, constants, now, previous), oracle.iterations[0]!.tokens, {
      what: 'tokens',
    });
    const columns = tf.split(
      postTokens(kernels, constants, now),
      kernels.map((k) => k.postNeurons),
    );
    columns.forEach((z, l) => expectClose(z, oracle.iterations[0]!.columns[l]!, { what: `columns ${l}` }));
  });

  test.each([1, 2, 3])(
    'are the definition of section 2, in the order of the astrocytes (seed %i)',
    (seed) => {
      const rng = Rng.fromSeed(seed);
      // Widths below and above the number of bins; layers of equal width are not neighbours.
      const widths = [3, 7, 3, 9, 7];
      const kernels = kernelsOf(widths.map((f) => [f, widths[rng.integer(5)]!, 3] as const));
      const bins = 4;
      const draw = (): Params =>
        Object.fromEntries(
          kernels.map(({ param, preNeurons, postNeurons }) => [
            param,
            tf.tensor2d(rng.uniforms(preNeurons * postNeurons, 0, 3), [preNeurons, postNeurons]),
          ]),
        );
      const [now, previous] = [draw(), draw()];
      const { order } = partitionPreNeurons(kernels, 3, 'interleave');
      const constants = tokenConstants(kernels, bins, order);

      const rows = kernels.flatMap((kernel, l) =>
        Array.from({ length: kernel.preNeurons }, (_, i) => [
          ...pool(line(now, kernel, i, 'row'), bins),
          ...pool(line(previous, kernel, i, 'row'), bins),
          ...meta(kernels, l),
        ]),
      );
      const expected = [...order].map((n) => rows[n]!);
      expectClose(preTokens(kernels, constants, now, previous), {
        shape: [order.length, preTokenWidth(bins)],
        data: expected.flat(),
      });

      const columns = kernels.flatMap((kernel, l) =>
        Array.from({ length: kernel.postNeurons }, (_, o) => [
          ...pool(line(now, kernel, o, 'column'), bins),
          ...meta(kernels, l),
        ]),
      );
      expectClose(postTokens(kernels, constants, now), {
        shape: [columns.length, postTokenWidth(bins)],
        data: columns.flat(),
      });
    },
  );

  test('have a finite gradient where a row is constant', () => {
    const kernels = kernelsOf([[2, 3, 1]]);
    const constants = tokenConstants(kernels, 2, natural(2));
    const gradient = tf.grad((d) => tf.sum(preTokens(kernels, constants, { layer0: d }, { layer0: d })))(
      tf.ones([2, 3]),
    );
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('keep their constants and nothing else', () => {
    const kernels = kernelsOf([
      [2, 3, 1],
      [3, 2, 3],
    ]);
    const d = { layer0: tf.ones([2, 3]), layer1: tf.ones([3, 2]) };
    expectNoLeak(() => {
      const constants = tokenConstants(kernels, 2, natural(5));
      tf.dispose(tf.tidy(() => preTokens(kernels, constants, d, d)));
      return constants as unknown as tf.TensorContainer;
    });
  });
});

/** pool(v), written down from the text with loops. */
function pool(v: number[], bins: number): number[] {
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
  const averages = Array.from(
    { length: bins },
    (_, b) => mean(v.slice(Math.floor((b * v.length) / bins), Math.ceil(((b + 1) * v.length) / bins))) - 1,
  );
  const deviation = Math.sqrt(mean(v.map((x) => (x - mean(v)) ** 2)));
  return [...averages, mean(v) - 1, deviation, Math.min(...v) - 1, Math.max(...v) - 1];
}

function line(
  d: Params,
  { param, preNeurons, postNeurons }: ModulatedKernel,
  n: number,
  of: 'row' | 'column',
): number[] {
  const values = [...d[param]!.dataSync()];
  return of === 'row'
    ? values.slice(n * postNeurons, (n + 1) * postNeurons)
    : Array.from({ length: preNeurons }, (_, i) => values[i * postNeurons + n]!);
}

function meta(kernels: readonly ModulatedKernel[], l: number): number[] {
  const { preNeurons, postNeurons, width } = kernels[l]!;
  return [(l + 0.5) / kernels.length, Math.log(preNeurons) / 8, Math.log(postNeurons) / 8, width / 7];
}
