import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { centralDifferences, dot, expectClose, leaked, normals } from '../test/numerics.ts';
import { attention, softmax, windowAttention } from './attention.ts';
import { valueAndGrad } from './gradient.ts';

type Vectors = readonly (readonly number[])[];

const rows = (flat: readonly number[], width: number): number[][] =>
  Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));

/** One head over the tokens of one image, as the equation says: softmax(q k^T / sqrt(d) + bias) v. */
function head(q: Vectors, k: Vectors, v: Vectors, bias: (i: number, j: number) => number): number[][] {
  return q.map((query, i) => {
    const scores = k.map((key, j) => dot(query, key) / Math.sqrt(query.length) + bias(i, j));
    const total = scores.reduce((sum, s) => sum + Math.exp(s), 0);
    const width = v[0]!.length;
    return Array.from({ length: width }, (_, c) =>
      scores.reduce((sum, s, j) => sum + (Math.exp(s) / total) * v[j]![c]!, 0),
    );
  });
}

/** All heads of one image: head h owns the h-th part of the width. */
function heads(
  q: Vectors,
  k: Vectors,
  v: Vectors,
  count: number,
  bias: (h: number, i: number, j: number) => number,
): number[] {
  const part = (x: Vectors, h: number): number[][] =>
    x.map((row) => row.slice((h * row.length) / count, ((h + 1) * row.length) / count));
  const outputs = Array.from({ length: count }, (_, h) =>
    head(part(q, h), part(k, h), part(v, h), (i, j) => bias(h, i, j)),
  );
  return q.flatMap((_, i) => outputs.flatMap((output) => output[i]!));
}

describe('attention', () => {
  const [batch, tokens, keys, width, count] = [2, 3, 4, 6, 2];
  const [q, k, v] = [
    normals(1, batch * tokens * width),
    normals(2, batch * keys * width),
    normals(3, batch * keys * width),
  ];
  const bias = normals(4, count * tokens * keys);

  const oracle = (
    q_: readonly number[],
    k_: readonly number[],
    v_: readonly number[],
    b?: readonly number[],
  ): number[] =>
    Array.from({ length: batch }, (_, image) => {
      const of = (x: readonly number[], n: number): number[][] =>
        rows(x, width).slice(image * n, (image + 1) * n);
      return heads(
        of(q_, tokens),
        of(k_, keys),
        of(v_, keys),
        count,
        (h, i, j) => b?.[(h * tokens + i) * keys + j] ?? 0,
      );
    }).flat();
  const upload = (x: readonly number[], n: number): tf.Tensor3D => tf.tensor3d([...x], [batch, n, width]);

  test('is its definition, with more keys than queries', async () => {
    const y = attention(upload(q, tokens), upload(k, keys), upload(v, keys), count);
    expect(y.shape).toEqual([batch, tokens, width]);
    await expectClose(y, oracle(q, k, v));
  });

  test('adds a bias for every head, the same for every image', async () => {
    const bias_1ANN = tf.tensor(bias, [1, count, tokens, keys]);
    await expectClose(
      attention(upload(q, tokens), upload(k, keys), upload(v, keys), count, bias_1ANN),
      oracle(q, k, v, bias),
    );
  });

  test('has the gradient of its definition', async () => {
    const w = normals(5, batch * tokens * width);
    const inputs = {
      q: upload(q, tokens),
      k: upload(k, keys),
      v: upload(v, keys),
      bias: tf.tensor(bias, [1, count, tokens, keys]),
    };
    const { grads } = valueAndGrad(
      (all) => {
        const y = attention(
          all['q'] as tf.Tensor3D,
          all['k'] as tf.Tensor3D,
          all['v'] as tf.Tensor3D,
          count,
          all['bias'],
        );
        return { value: tf.sum(tf.mul(y, tf.tensor(w, y.shape))) as tf.Scalar, aux: {} };
      },
      inputs,
      Object.keys(inputs),
    );
    const close = { rtol: 1e-4, atol: 1e-5 };
    await expectClose(
      grads['q']!,
      centralDifferences((x) => dot(w, oracle(x, k, v, bias)), q),
      close,
    );
    await expectClose(
      grads['k']!,
      centralDifferences((x) => dot(w, oracle(q, x, v, bias)), k),
      close,
    );
    await expectClose(
      grads['v']!,
      centralDifferences((x) => dot(w, oracle(q, k, x, bias)), v),
      close,
    );
    await expectClose(
      grads['bias']!,
      centralDifferences((x) => dot(w, oracle(q, k, v, x)), bias),
      close,
    );
  });

  test('repeats a bias that is shorter than the batch from its start', async () => {
    const two = normals(6, 2 * count * tokens * keys);
    const four = (x: readonly number[], n: number): tf.Tensor3D =>
      tf.tensor3d([...x, ...x], [2 * batch, n, width]);
    const y = attention(
      four(q, tokens),
      four(k, keys),
      four(v, keys),
      count,
      tf.tensor(two, [2, count, tokens, keys]),
    );
    const whole = attention(
      four(q, tokens),
      four(k, keys),
      four(v, keys),
      count,
      tf.tensor([...two, ...two], [4, count, tokens, keys]),
    );
    await expectClose(y, await whole.data());
  });
});

describe('windowAttention', () => {
  const [height, width, channels, count, window] = [4, 6, 4, 2, 2];
  const [q, k, v] = [1, 2, 3].map((seed) => normals(seed, height * width * channels)) as [
    number[],
    number[],
    number[],
  ];
  const table = normals(4, (2 * window - 1) ** 2 * count);

  /**
   * Every position by itself: whom it may look at, and with which bias. After moving up and left by
   * `shift`, two positions see each other if they share a window and came from the same side of the seam.
   */
  const oracle = (shift: number): number[] => {
    const places = Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      const [moved, along] = [(y - shift + height) % height, (x - shift + width) % width];
      // What wrapped around lies above or left of the seam.
      return {
        i,
        dy: moved % window,
        dx: along % window,
        at: `${Math.floor(moved / window)},${Math.floor(along / window)}`,
        side: `${y < shift},${x < shift}`,
      };
    });
    const result = new Array<number>(height * width * channels);
    for (const me of places) {
      const others = places.filter((p) => p.at === me.at && p.side === me.side);
      const bias = (h: number, j: number): number => {
        const [dy, dx] = [me.dy - others[j]!.dy + window - 1, me.dx - others[j]!.dx + window - 1];
        return table[(dy * (2 * window - 1) + dx) * count + h]!;
      };
      const of = (x: readonly number[], i: number): number[] => x.slice(i * channels, (i + 1) * channels);
      const y = heads(
        [of(q, me.i)],
        others.map((p) => of(k, p.i)),
        others.map((p) => of(v, p.i)),
        count,
        (h, _, j) => bias(h, j),
      );
      y.forEach((value, c) => {
        result[me.i * channels + c] = value;
      });
    }
    return result;
  };
  const upload = (x: readonly number[]): tf.Tensor4D => tf.tensor4d([...x], [1, height, width, channels]);
  const table_PA = tf.tidy(() => tf.tensor2d(table, [(2 * window - 1) ** 2, count]));

  test.each([0, 1])('shifted by %d looks at its window only, and never across the seam', async (shift) => {
    const y = windowAttention(upload(q), upload(k), upload(v), { heads: count, window, shift, table_PA });
    expect(y.shape).toEqual([1, height, width, channels]);
    await expectClose(y, oracle(shift), { atol: 5e-6 });
  });

  test('treats every image of a batch alike', async () => {
    const twice = (x: readonly number[]): tf.Tensor4D =>
      tf.tensor4d([...x, ...x], [2, height, width, channels]);
    const y = windowAttention(twice(q), twice(k), twice(v), { heads: count, window, shift: 1, table_PA });
    await expectClose(y, [...oracle(1), ...oracle(1)], { atol: 5e-6 });
  });

  test('leaves nothing behind', () => {
    const [a, b, c] = [upload(q), upload(k), upload(v)];
    expect(
      leaked(() => windowAttention(a, b, c, { heads: count, window, shift: 1, table_PA }).dispose()),
    ).toBe(0);
  });
});

test('softmax of equal numbers is even, and of large ones finite', async () => {
  await expectClose(
    softmax(
      tf.tensor2d([
        [5, 5, 5, 5],
        [1000, 0, 0, 0],
      ]),
    ),
    [0.25, 0.25, 0.25, 0.25, 1, 0, 0, 0],
  );
});
