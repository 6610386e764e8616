import { MaNetError } from '@ma-net/core';
import { fromBinary } from '@bufbuild/protobuf';
import * as tf from '@tensorflow/tfjs-core';
import { ModelProtoSchema } from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { onnx } from './adapter.ts';
import { exportOnnx } from './export.ts';
import { Draw, random } from '../test/oracle.ts';

const draw = new Draw(11);
const tensor = (...shape: number[]): tf.Tensor => tf.tensor([...random(draw, shape).values], shape);

async function run(
  model: Uint8Array,
  feeds: Record<string, ort.Tensor>,
): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(model);
  return (await session.run(feeds)) as Record<string, ort.Tensor>;
}

let weights: Record<'conv1.weight' | 'fc.weight' | 'fc.bias' | 'token', tf.Tensor>;
beforeAll(async () => {
  await onnx.start();
  weights = {
    'conv1.weight': tensor(3, 3, 3, 4),
    'fc.weight': tensor(4, 5),
    'fc.bias': tensor(5),
    token: tensor(1, 1, 5),
  };
});

/** Convolution, pooling, a token that is broadcast over the batch, and a dense layer. */
function network({ images }: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const x = tf.relu(tf.conv2d(images as tf.Tensor4D, weights['conv1.weight'] as tf.Tensor4D, 2, 'same'));
  const pooled = tf.mean(tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid'), [1, 2]);
  const logits = tf.add(
    tf.matMul(pooled as tf.Tensor2D, weights['fc.weight'] as tf.Tensor2D),
    weights['fc.bias'],
  );
  const batch = images!.shape[0]!;
  const tokens = tf.concat([tf.tile(weights.token, [batch, 1, 1]), tf.reshape(logits, [batch, 1, 5])], 1);
  return { logits, tokens: tf.reshape(tokens, [2 * batch, 5]) };
}

describe('exportOnnx', () => {
  test('a dynamic batch: the model agrees with the function for every size', async () => {
    const model = await exportOnnx(network, {
      inputs: { images: { shape: ['batch', 8, 8, 3] } },
      parameters: weights,
      metadata: { recipe: 'test' },
    });
    for (const batch of [1, 4]) {
      const images = tensor(batch, 8, 8, 3);
      const expected = network({ images });
      const data = (await images.data()) as Float32Array;
      const found = await run(model, { images: new ort.Tensor('float32', data, [batch, 8, 8, 3]) });
      for (const [name, t] of Object.entries(expected)) {
        expect([...found[name]!.dims]).toEqual(t.shape);
        const want = await t.data();
        (found[name]!.data as Float32Array).forEach((v, k) => expect(v).toBeCloseTo(want[k]!, 4));
      }
    }
  });

  test('inputs, outputs and dimensions have their names', async () => {
    const model = await exportOnnx(network, {
      inputs: { images: { shape: ['batch', 8, 8, 3] } },
      parameters: weights,
    });
    const session = await ort.InferenceSession.create(model);
    expect(session.inputMetadata).toMatchObject([{ name: 'images', shape: ['batch', 8, 8, 3] }]);
    expect(session.outputMetadata).toMatchObject([
      { name: 'logits', shape: ['batch', 5] },
      { name: 'tokens', shape: ['2*batch', 5] },
    ]);
    const text = Buffer.from(model).toString('latin1');
    for (const name of Object.keys(weights)) expect(text).toContain(name);
  });

  test('weights are stored in the order that ONNX wants, under their names', async () => {
    const model = await exportOnnx(network, {
      inputs: { images: { shape: [1, 8, 8, 3] } },
      parameters: weights,
    });
    const { graph } = fromBinary(ModelProtoSchema, model);
    const stored = graph!.initializer.find(({ name }) => name === 'conv1.weight:3201')!;
    expect(stored.dims.map(Number)).toEqual([4, 3, 3, 3]);
    const expected = tf.transpose(weights['conv1.weight'], [3, 2, 0, 1]);
    expect(new Float32Array(stored.rawData.slice().buffer)).toEqual(await expected.data());
    expect(graph!.node.filter(({ opType }) => opType === 'Transpose')).toHaveLength(1);
    expected.dispose();
  });

  test.each([undefined, 13, 17, 18, 19, 21])('operator set %s computes the same', async (opset) => {
    const everything = ({ images }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
      const pooled = tf.avgPool(images as tf.Tensor4D, 3, 2, 'same');
      const { mean, variance } = tf.moments(pooled, [1, 2], true);
      const normal = tf.div(tf.sub(pooled, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return {
        y: tf.add(
          network({ images: images! }).logits!,
          tf.max(tf.softmax(tf.mean(normal, [1, 2]), -1), -1, true),
        ),
      };
    };
    const model = await exportOnnx(everything, { inputs: { images: { shape: ['batch', 8, 8, 3] } }, opset });
    const { opsetImport, irVersion } = fromBinary(ModelProtoSchema, model);
    expect(Number(opsetImport[0]!.version)).toBe(opset ?? 13);
    expect(Number(irVersion)).toBeLessThanOrEqual(opset === undefined ? 7 : 10);
    const images = tensor(2, 8, 8, 3);
    const want = await everything({ images }).y!.data();
    const data = (await images.data()) as Float32Array;
    const found = await run(model, { images: new ort.Tensor('float32', data, [2, 8, 8, 3]) });
    const got = found['y']!.data as Float32Array;
    want.forEach((value, k) => expect(got[k]).toBeCloseTo(value, 4));
  });

  test('an operator set that lacks an operator is refused before anything is written', async () => {
    const bits = ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => ({
      y: tf.engine().runKernel('BitwiseAnd', { a: x!, b: x! }) as tf.Tensor,
    });
    const inputs = { x: { shape: [3], dtype: 'int32' } } as const;
    await expect(exportOnnx(bits, { inputs, opset: 17 })).rejects.toMatchObject({ code: 'unsupported-op' });
    const model = fromBinary(ModelProtoSchema, await exportOnnx(bits, { inputs }));
    expect(Number(model.opsetImport[0]!.version)).toBe(18);
  });

  test('nothing stays behind, and nothing is run', async () => {
    const { counters } = tf.backend() as unknown as { counters: { runs: number } };
    const [tensors, runs] = [tf.memory().numTensors, counters.runs];
    await exportOnnx(network, { inputs: { images: { shape: [2, 8, 8, 3] } } });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(counters.runs).toBe(runs);
  });

  test('what cannot be exported is refused by name', async () => {
    const attempt = async (
      f: (x: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
    ): Promise<string> => {
      const error = await exportOnnx(f, { inputs: { x: { shape: ['batch', 3, 3, 2] } } }).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(MaNetError);
      return (error as MaNetError).code;
    };
    expect(await attempt(({ x }) => ({ y: tf.localResponseNormalization(x as tf.Tensor4D) }))).toBe(
      'unsupported-op',
    );
    expect(
      await attempt(({ x }) => ({ y: tf.mul(x!, tf.fill([x!.shape[0]!, 1, 1, 1], x!.shape[0]!)) })),
    ).toBe('unsupported-op');
    expect(await attempt(() => ({ y: tf.scalar(1) }))).toBe('bad-argument');
  });
});
