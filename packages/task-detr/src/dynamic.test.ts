// What Dynamic DETR is made of. Deformable convolution: torchvision; DyReLU: the public code of dynamic heads; the pyramid
// and the decoder: our reading of the paper, computed by an independent program.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { defineNetwork, type Network, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear, fixture, oracle, together } from '../test/fixtures.ts';
import { deformableConv } from './deformable-conv.ts';
import { dynamicEncoderBlock } from './dynamic-encoder.ts';
import { dynamicDecoderLayer } from './dynamic-decoder.ts';
import { dynamicRelu, hardSigmoid } from './small-ops.ts';

const reference = await oracle('deformable');
const about = fixture<
  Readonly<
    Record<string, { readonly stride: number; readonly padding: number; readonly dilation: number }>
  > & {
    readonly hard_sigmoid: { readonly x: readonly number[]; readonly y: readonly number[] };
  }
>('deformable');

interface Numbers {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly grads: Readonly<Record<string, tf.Tensor>>;
}

/** Outputs of a network, and the gradients of the sums of their products with `dys`, by parameters and inputs. */
async function numbersOf(
  network: Network,
  params: Record<string, tf.Tensor>,
  inputs: Record<string, tf.Tensor>,
  dys: Readonly<Record<string, tf.Tensor>>,
): Promise<Numbers> {
  const all = { ...params, ...inputs };
  const { aux, grads } = valueAndGrad(
    (given) => {
      const of = Object.fromEntries(Object.keys(inputs).map((name) => [name, given[name]!]));
      const outputs = network.forward(given, {}, of, { training: true }).outputs as Record<string, tf.Tensor>;
      const terms = Object.entries(dys).map(([name, dy]) => tf.sum(tf.mul(outputs[name]!, dy)));
      return { value: tf.addN(terms) as tf.Scalar, aux: outputs };
    },
    all,
    Object.keys(all),
  );
  const outputs: Record<string, Float32Array> = {};
  for (const [name, x] of Object.entries(aux))
    outputs[name] = (await (x as tf.Tensor).data()) as Float32Array;
  return { outputs, grads };
}

/** Holds every gradient that the reference has under `folder`. */
async function expectGradients(folder: string, grads: Numbers['grads']): Promise<void> {
  const joint = together(grads);
  const files = reference.names.filter((name) => name.startsWith(folder));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const name = file.slice(folder.length);
    expectNear(await joint[name]!.data(), reference.numbers(file), 1e-4);
  }
}

describe.each([
  ['cpu', cpu],
  ['onnx', onnx],
] as const)('on %s', (_, adapter) => {
  beforeAll(async () => {
    await startBackend(adapter);
  });

  const CONVOLUTIONS = [
    '3x3_s1',
    '3x3_s2',
    '3x3_dilated',
    '3x3_far_outside',
    '3x3_zero_offset_unit_mask',
    '3x3_no_mask',
    'integer_offsets',
  ];
  test.each(CONVOLUTIONS)('deformable convolution: %s', async (name) => {
    const there = (part: string): boolean => reference.names.includes(`${name}/${part}`);
    const inputs = Object.fromEntries(
      ['x', 'offset', 'mask']
        .filter((part) => there(part))
        .map((part) => [part, reference.tensor(`${name}/${part}`)]),
    );
    const { stride, padding, dilation } = about[name]!;
    const [kernel, , , out] = reference.shape(`${name}/weight`) as [number, number, number, number];
    const shapes = Object.fromEntries(Object.entries(inputs).map(([part, x]) => [part, x.shape.slice(1)]));
    const bias = there('bias');
    const network = defineNetwork('deformable', shapes, (net, given) => ({
      y: net.apply(deformableConv, 'conv', Object.values(given), {
        ...{ out, kernel, stride, pad: padding, dilation, bias },
      }),
    }));
    const params = {
      'conv.weight': reference.tensor(`${name}/weight`),
      ...(bias ? { 'conv.bias': reference.tensor(`${name}/bias`) } : {}),
    };
    const { outputs, grads } = await numbersOf(network, params, inputs, {
      y: reference.tensor(`${name}/grad_y`),
    });
    expectNear(outputs['y']!, reference.numbers(`${name}/y`));
    for (const part of ['weight', 'bias', 'x', 'offset', 'mask']) {
      if (!there(part)) continue;
      const ours = ['weight', 'bias'].includes(part) ? `conv.${part}` : part;
      expectNear(await grads[ours]!.data(), reference.numbers(`${name}/grad_${part}`), 1e-4);
    }
  });

  test('DyReLU', async () => {
    const network = defineNetwork('dyrelu', { x: [5, 6, 8] }, (net, { x }) => {
      const hidden = net.relu(net.dense('fc.0', net.globalAveragePool(x), { out: 2 }));
      return { y: net.apply(dynamicRelu, '', [x, net.dense('fc.2', hidden, { out: 32 })], null) };
    });
    const { outputs, grads } = await numbersOf(
      network,
      reference.parameters('dyrelu/w/'),
      { x: reference.tensor('dyrelu/x') },
      { y: reference.tensor('dyrelu/grad_y') },
    );
    expectNear(outputs['y']!, reference.numbers('dyrelu/y'));
    expectNear(await grads['x']!.data(), reference.numbers('dyrelu/grad_x'), 1e-4);
    await expectGradients('dyrelu/grad_w/', grads);
  });

  test('a block of the encoder', async () => {
    const levels = ['x0', 'x1', 'x2'];
    const shapes = Object.fromEntries(levels.map((x) => [x, reference.shape(`pyramid/${x}`).slice(1)]));
    const network = defineNetwork('pyramid', shapes, (net, given) => {
      const options = { groupWidth: 4, reduction: 4 };
      const made = dynamicEncoderBlock(
        net,
        'block',
        levels.map((x) => given[x]!),
        options,
      );
      return Object.fromEntries(made.map((y, l) => [`y${l}`, y]));
    });
    const named = Object.entries(reference.parameters('pyramid/w/'));
    const { outputs, grads } = await numbersOf(
      network,
      Object.fromEntries(named.map(([name, x]) => [`block.${name}`, x])),
      Object.fromEntries(levels.map((x) => [x, reference.tensor(`pyramid/${x}`)])),
      Object.fromEntries(levels.map((_x, l) => [`y${l}`, reference.tensor(`pyramid/grad_y${l}`)])),
    );
    for (const [l, x] of levels.entries()) {
      expectNear(outputs[`y${l}`]!, reference.numbers(`pyramid/y${l}`));
      expectNear(await grads[x]!.data(), reference.numbers(`pyramid/grad_${x}`), 1e-4);
    }
    await expectGradients(
      'pyramid/grad_w/',
      Object.fromEntries(Object.entries(grads).map(([name, x]) => [name.replace(/^block\./, ''), x])),
    );
  });

  test('a layer of the decoder', async () => {
    const shape = (name: string): readonly number[] => reference.shape(`decoder/${name}`).slice(1);
    const network = defineNetwork(
      'decoder',
      { queries: shape('queries'), boxes: [5, 4], sizes: [2], features: shape('features') },
      (net, { queries, boxes, sizes, features }) => {
        const { state, predicted } = dynamicDecoderLayer(
          net,
          'layer',
          { queries, boxes },
          { sizes, levels: [features] },
          {
            ...{ width: 8, heads: 2, feedForward: 16, dropout: 0, classes: 4 },
            ...{ strides: [8], finest: 56 },
          },
        );
        return { queries: state.queries, boxes: state.boxes, logits: predicted.logits };
      },
    );
    const named = Object.entries(reference.parameters('decoder/w/'));
    const { outputs, grads } = await numbersOf(
      network,
      Object.fromEntries(named.map(([name, x]) => [`layer.${name}`, x])),
      {
        queries: reference.tensor('decoder/queries'),
        boxes: reference.tensor('decoder/boxes_cxcywh'),
        features: reference.tensor('decoder/features'),
        sizes: tf.tensor2d([96, 128, 96, 128], [2, 2]),
      },
      {
        queries: reference.tensor('decoder/grad_new_queries'),
        boxes: reference.tensor('decoder/grad_new_boxes'),
        logits: reference.tensor('decoder/grad_logits'),
      },
    );
    expectNear(outputs['queries']!, reference.numbers('decoder/new_queries'));
    expectNear(outputs['boxes']!, reference.numbers('decoder/new_boxes'));
    expectNear(outputs['logits']!, reference.numbers('decoder/logits'));
    expectNear(await grads['queries']!.data(), reference.numbers('decoder/grad_queries'), 1e-4);
    expectNear(await grads['features']!.data(), reference.numbers('decoder/grad_features'), 1e-4);
    await expectGradients(
      'decoder/grad_w/',
      Object.fromEntries(Object.entries(grads).map(([name, x]) => [name.replace(/^layer\./, ''), x])),
    );
  });

  test('the hard sigmoid', async () => {
    const network = defineNetwork('sigmoid', { x: [9] }, (net, { x }) => ({
      y: net.apply(hardSigmoid, '', [x], null),
    }));
    const x = tf.tensor2d([...about.hard_sigmoid.x], [1, 9]);
    const { y } = network.forward({}, {}, { x }, { training: false }).outputs;
    expectNear(await y.data(), about.hard_sigmoid.y);
  });
});
