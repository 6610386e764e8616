import { describe, expect, test } from 'vitest';
import { zeros } from './init.ts';
import type { ParameterSpec } from './network.ts';
import type { HostTensor } from './params.ts';
import { Rng } from './rng.ts';
import { fromTorchLayout, torchShape, toTorchLayout } from './torch-layout.ts';

const spec = (name: string, kind: ParameterSpec['kind'], ...shape: number[]): ParameterSpec => ({
  name,
  kind,
  shape,
  init: zeros,
  positions: 0,
});
const counting = (...shape: number[]): HostTensor => ({
  shape,
  dtype: 'float32',
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

const specs = [
  spec('conv', 'conv', 3, 2, 4, 5),
  spec('depthwise', 'depthwise', 3, 2, 4, 2),
  spec('fc', 'dense', 4, 6),
  spec('bias', 'vector', 6),
  spec('token', 'embedding', 1, 2, 3),
];

describe('toTorchLayout', () => {
  test('puts outputs before inputs before rows and columns', () => {
    const conv = toTorchLayout(specs, { conv: counting(3, 2, 4, 5) })['conv']!;
    expect(conv.shape).toEqual([5, 4, 3, 2]);
    // Output 3, input 1, row 2, column 1: ours at ((2 * 2 + 1) * 4 + 1) * 5 + 3, theirs at ((3 * 4 + 1) * 3 + 2) * 2 + 1.
    expect(conv.data[((3 * 4 + 1) * 3 + 2) * 2 + 1]).toBe(((2 * 2 + 1) * 4 + 1) * 5 + 3);
    const fc = toTorchLayout(specs, { fc: counting(4, 6) })['fc']!;
    expect(fc.shape).toEqual([6, 4]);
    expect(fc.data[5 * 4 + 2]).toBe(2 * 6 + 5);
  });

  test('makes each filter of a depthwise kernel an output of its own', () => {
    const { depthwise } = toTorchLayout(specs, { depthwise: counting(3, 2, 4, 2) });
    expect(depthwise!.shape).toEqual([8, 1, 3, 2]);
    // Channel 3, filter 1 is output 7; row 2, column 0.
    expect(depthwise!.data[(7 * 3 + 2) * 2]).toBe(((2 * 2 + 0) * 4 + 3) * 2 + 1);
  });

  test('leaves vectors, embeddings and running statistics as they are', () => {
    const tensors = { bias: counting(6), token: counting(1, 2, 3), 'bn.running_mean': counting(7) };
    expect(toTorchLayout(specs, tensors)).toEqual(tensors);
  });
});

test('there and back again changes nothing', () => {
  const rng = Rng.fromSeed(1);
  const tensors = Object.fromEntries(
    specs.map(({ name, shape }): [string, HostTensor] => [
      name,
      {
        shape,
        dtype: 'float32',
        data: rng.normals(
          shape.reduce((a, b) => a * b, 1),
          1,
        ),
      },
    ]),
  );
  const torch = toTorchLayout(specs, tensors);
  for (const { name, kind, shape } of specs) expect(torch[name]!.shape).toEqual(torchShape(kind, shape));
  expect(fromTorchLayout(specs, torch)).toEqual(tensors);
});

test('whole numbers are refused by name and type', () => {
  const fc: HostTensor = { shape: [6, 4], dtype: 'int32', data: new Int32Array(24), stored: 'I8' };
  expect(() => fromTorchLayout(specs, { fc })).toThrow(/"fc" holds whole numbers \(I8\)/);
});

test('a tensor of another shape is refused by name', () => {
  const refused = (message: string): unknown =>
    expect.objectContaining({
      code: 'network-mismatch',
      message: expect.stringContaining(message) as string,
    });
  expect(() => toTorchLayout(specs, { fc: counting(6, 4) })).toThrow(
    refused('"fc" has the shape [6, 4], not [4, 6]'),
  );
  expect(() => fromTorchLayout(specs, { fc: counting(4, 6) })).toThrow(refused('[4, 6], not [6, 4]'));
});
