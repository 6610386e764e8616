import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { ModelBuilder } from './model.ts';

/** [2, 3] as [3, 2], repeated to [4, 3, 2]; and the sum of a part, a scalar. */
function built(): ModelBuilder {
  const model = new ModelBuilder();
  model.input('x', [2, 3], 'float32');
  const turned = model.node('Reshape', ['x', model.ints([3, 2])]);
  const y = model.node('Expand', [turned, model.ints([4, 3, 2])]);
  // The numbers of a shape, which are none here.
  const cut = model.node('Slice', [y, model.ints([0, 0]), model.ints([3, 2])]);
  const sum = model.node('ReduceSum', [cut], { keepdims: 0 });
  model.output(y, [4, 3, 2], 'float32');
  model.output(model.node('Reshape', [sum, model.ints([])]), [], 'float32');
  return model;
}

test('a model without shapes tells ONNX Runtime none, and computes the same', async () => {
  const model = built();
  const bytes = model.bytesWithoutShapes('test');
  const graph = fromBinary(ModelProtoSchema, bytes).graph!;
  const constants = graph.initializer.map(({ name }) => name);
  const shapeOf = (name: string): object | undefined => {
    const type = graph.input.find((input) => input.name === name)!.type!.value;
    return type.case === 'tensorType' ? type.value.shape : undefined;
  };
  expect(shapeOf('x')).toBeUndefined();
  const given = graph.node.filter(({ opType }) => opType === 'Reshape' || opType === 'Expand');
  expect(given.slice(0, 2).filter(({ input }) => constants.includes(input[1]!))).toEqual([]);

  const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  const run = async (model: Uint8Array): Promise<unknown[]> => {
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    expect(session.inputNames).toEqual(['x']);
    const results = Object.values(await session.run({ x })) as ort.Tensor[];
    await session.release();
    return results.map(({ dims, data }) => [dims, data]);
  };
  const found = await run(bytes);
  expect(found).toEqual(await run(model.bytes('test')));
  expect(found[1]).toEqual([[], Float32Array.of(3 * (1 + 2 + 3 + 4))]);
});
