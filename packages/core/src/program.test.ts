import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { expectClose, leaked, normals } from '../test/numerics.ts';
import { defineNetwork } from './define.ts';
import type { Op } from './op.ts';
import { type Interpreter, type Net, netOf, type Program, scoped } from './program.ts';
import { Rng } from './rng.ts';

const images = (height: number, width: number, batch = 2): tf.Tensor =>
  tf.tensor(normals(3, batch * height * width * 3), [batch, height, width, 3]);

describe('a layer of one’s own', () => {
  /** y = x * weight, one number per channel. */
  const scale: Op<{ readonly start: number }> = {
    kind: 'scale',
    describe(on, name, [x], { start }) {
      on.affine(`${name}.weight`, x!, { kind: 'constant', value: start });
      return x!;
    },
    execute: (on, name, [x]) => tf.mul(x!, on.param(`${name}.weight`)),
  };
  const network = defineNetwork('scaled', { images: [4, 4, 3] }, (net, inputs) => {
    const x = net.conv('conv', inputs.images, { out: 5, kernel: 1 });
    const y = net.apply(scale, 'scale', [x], { start: 2 });
    return { y, logits: net.dense('fc', net.globalAveragePool(y), { out: 2 }) };
  });

  test('is described and computed like those of core', async () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    expect(network.groups[0]!.members).toContainEqual({
      tensor: 'scale.weight',
      axis: 0,
      start: 0,
      block: 1,
      role: 'norm',
    });
    const x = images(4, 4);
    const { outputs } = network.forward(params, stats, { images: x }, { training: false });
    const expected = tf.mul(tf.conv2d(x as tf.Tensor4D, params['conv.weight'] as tf.Tensor4D, 1, 0), 2);
    await expectClose(outputs.y, await expected.data());
  });
});

describe('scoped', () => {
  const body = <V>(net: Net<V>, x: V): V =>
    net.relu(net.batchNorm('bn', net.conv('conv', x, { out: 4, kernel: 3 })));

  test('puts every layer under a longer name, scopes within scopes too', () => {
    const network = defineNetwork('scoped', { images: [4, 4, 3] }, (net, { images: x }) => ({
      made: body(scoped(scoped(net, 'backbone.'), 'body.'), body(net, x)),
    }));
    const tensors = ['conv.weight', 'bn.weight', 'bn.bias'];
    expect(network.parameters.map((p) => p.name)).toEqual([
      ...tensors,
      ...tensors.map((name) => `backbone.body.${name}`),
    ]);
    expect(network.statistics.map((s) => s.name)).toContain('backbone.body.bn.running_var');
  });

  test('leaves layers without a name without one', () => {
    const names: string[] = [];
    const listening: Interpreter<number> = {
      apply: (_, name) => names.push(name),
      shape: () => [1],
    };
    const net = scoped(netOf(listening), 'a.');
    net.relu(0);
    net.dense('fc', 0, { out: 1 });
    expect([names, net.shape(0)]).toEqual([['', 'a.fc'], [1]]);
  });
});

describe('sizes', () => {
  const program: Program = (net, inputs) => {
    const [height, width] = net.shape(inputs.images) as [number, number, number];
    const x = net.tokens(net.conv('conv', inputs.images, { out: 4, kernel: 1 }));
    return { grid: net.grid(x, height, width), logits: net.globalAveragePool(net.grid(x, height, width)) };
  };
  const network = defineNetwork('sizes', { images: [4, 6, 3] }, program, { outputs: ['grid'] });
  const { params, stats } = network.init(Rng.fromSeed(1));

  test('are those of the images, also of others than the network was made for', () => {
    for (const [height, width] of [
      [4, 6],
      [5, 3],
      [4, 6],
    ] as const) {
      const { outputs } = network.forward(
        params,
        stats,
        { images: images(height, width) },
        { training: false },
      );
      expect(outputs.grid.shape).toEqual([2, height, width, 4]);
    }
  });

  test('leave nothing behind', () => {
    const x = images(5, 3);
    expect(
      leaked(() =>
        tf.dispose({ ...network.forward(params, stats, { images: x }, { training: false }).outputs }),
      ),
    ).toBe(0);
  });
});

describe('shared weights', () => {
  /** A head of one name on two levels, as on a feature pyramid. */
  const program: Program<'images', 'fine' | 'coarse'> = (net, inputs) => {
    const fine = net.conv('fine', inputs.images, { out: 4, kernel: 3 });
    const coarse = net.conv('coarse', fine, { out: 4, kernel: 3, stride: 2 });
    const head = (x: typeof fine): typeof fine =>
      net.conv(
        'score',
        net.relu(net.batchNorm('bn', net.conv('tower', x, { out: 6, kernel: 3, bias: true }))),
        {
          out: 2,
          kernel: 1,
        },
      );
    return { fine: head(fine), coarse: head(coarse) };
  };
  const network = defineNetwork('pyramid', { images: [8, 8, 3] }, program);

  test('are declared once, work at every position, and join their readers', () => {
    const positions = Object.fromEntries(network.parameters.map((p) => [p.name, p.positions]));
    expect(positions).toMatchObject({
      'tower.weight': 64 + 16,
      'score.weight': 64 + 16,
      'coarse.weight': 16,
    });
    expect(network.kernels.map((k) => k.param)).toEqual([
      'fine.weight',
      'coarse.weight',
      'tower.weight',
      'score.weight',
    ]);
    // The tower reads both levels by one kernel: a channel of one goes with that of the other.
    const [levels, inner, scores] = network.groups;
    expect(levels!.members.map((m) => `${m.tensor} ${m.role}`).sort()).toEqual([
      'coarse.weight read',
      'coarse.weight write',
      'fine.weight write',
      'tower.weight read',
    ]);
    expect(inner!.members.filter((m) => m.tensor.startsWith('bn'))).toHaveLength(4);
    expect(scores!.pinnedBy).toEqual([
      { kind: 'output', name: 'fine' },
      { kind: 'output', name: 'coarse' },
    ]);
  });

  test('normalise one level after the other: the second moves on what the first left', async () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    const x = images(8, 8);
    const forward = (of: typeof stats, wanted: 'fine' | 'coarse') =>
      network.withOutputs([wanted]).forward(params, of, { images: x }, { training: true }).stats;
    const both = network.forward(params, stats, { images: x }, { training: true }).stats;
    const inTurn = forward(forward(stats, 'fine'), 'coarse');
    for (const name of ['bn.running_mean', 'bn.running_var']) {
      await expectClose(both[name]!, await inTurn[name]!.data());
      expect(await both[name]!.data()).not.toEqual(await forward(stats, 'coarse')[name]!.data());
    }
  });

  test('have a gradient from every level', async () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    const x = images(8, 8);
    const gradient = (levels: readonly ('fine' | 'coarse')[]): Promise<ArrayLike<number>> =>
      tf
        .grad((weight: tf.Tensor) => {
          const used = { ...params, 'score.weight': weight };
          const { outputs } = network.forward(used, stats, { images: x }, { training: false });
          return tf.addN(levels.map((level) => tf.sum(outputs[level])));
        })(params['score.weight']!)
        .data();
    const [fine, coarse] = [await gradient(['fine']), await gradient(['coarse'])];
    await expectClose(
      await gradient(['fine', 'coarse']),
      Array.from(fine, (value, i) => value + coarse[i]!),
    );
  });

  test.each<[string, Program]>([
    [
      'shape',
      (net, { images: x }) => ({
        y: net.conv('a', net.conv('a', x, { out: 4, kernel: 3 }), { out: 4, kernel: 3 }),
      }),
    ],
    ['kind', (net, { images: x }) => ({ y: net.batchNorm('a', net.layerNorm('a', x, { epsilon: 1e-6 })) })],
    [
      'start',
      (net, { images: x }) => {
        const init = { kind: 'normal', std: 1 } as const;
        return { y: net.conv('a', net.conv('a', x, { out: 3, kernel: 3 }), { out: 3, kernel: 3, init }) };
      },
    ],
    [
      'bias',
      (net, { images: x }) => ({
        y: net.conv('a', net.conv('a', x, { out: 3, kernel: 3, bias: true }), { out: 3, kernel: 3 }),
      }),
    ],
  ])('of another %s are refused, by name', (_, other) => {
    expect(() => defineNetwork('refused', { images: [8, 8, 3] }, other)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining('Two layers of the network are called "a.weight"') as string,
      }),
    );
  });
});
