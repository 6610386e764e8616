import { describe as group, expect, test } from 'vitest';
import { type Layers, single } from '../test/single.ts';
import type { CouplingMember, Network } from './network.ts';
import type { Net } from './program.ts';

const groupOf = (description: Network, id: string): Network['groups'][number] =>
  description.groups.find((g) => g.id === id)!;

/** Members as "tensor axis start role". */
const members = (list: readonly CouplingMember[]): string[] =>
  list.map((m) => `${m.tensor} ${m.axis} ${m.start} ${m.role}`).sort();

const chain: Layers = (net, x) => {
  const a = net.relu(net.batchNorm('bn', net.conv('conv1', x, { out: 4, kernel: 3, stride: 2 })));
  const b = net.conv('conv2', a, { out: 6, kernel: 1, bias: true });
  return net.dense('fc', net.globalAveragePool(b), { out: 5 });
};

group('a chain', () => {
  const description = single(chain, [9, 8, 3]);

  test('declares its parameters in order, with shapes and the multiply-adds of each number', () => {
    expect(
      description.parameters.map(({ name, kind, shape, positions }) => [name, kind, shape, positions]),
    ).toEqual([
      // (9 + 2 - 3) / 2 + 1 = 5 rows, floor((8 + 2 - 3) / 2) + 1 = 4 columns.
      ['conv1.weight', 'conv', [3, 3, 3, 4], 20],
      ['bn.weight', 'vector', [4], 0],
      ['bn.bias', 'vector', [4], 0],
      ['conv2.weight', 'conv', [1, 1, 4, 6], 20],
      ['conv2.bias', 'vector', [6], 0],
      ['fc.weight', 'dense', [6, 5], 1],
      ['fc.bias', 'vector', [5], 0],
    ]);
    expect(description.statistics).toEqual([
      { name: 'bn.running_mean', shape: [4], initial: 0 },
      { name: 'bn.running_var', shape: [4], initial: 1 },
    ]);
    expect(description.outputs).toEqual([{ name: 'made', shape: [5], stride: 0 }]);
  });

  test('declares its kernels in forward order', () => {
    expect(description.kernels).toEqual([
      { param: 'conv1.weight', preAxis: 2, postAxis: 3, preNeurons: 3, postNeurons: 4, area: 9, width: 3 },
      { param: 'conv2.weight', preAxis: 2, postAxis: 3, preNeurons: 4, postNeurons: 6, area: 1, width: 1 },
      { param: 'fc.weight', preAxis: 0, postAxis: 1, preNeurons: 6, postNeurons: 5, area: 1, width: 1 },
    ]);
  });

  test('couples what makes, normalises and reads a channel', () => {
    expect(description.groups.map(({ id, units }) => [id, units])).toEqual([
      ['conv1', 4],
      ['conv2', 6],
      ['fc', 5],
    ]);
    expect(members(groupOf(description, 'conv1').members)).toEqual([
      'bn.bias 0 0 norm',
      'bn.running_mean 0 0 norm',
      'bn.running_var 0 0 norm',
      'bn.weight 0 0 norm',
      'conv1.weight 3 0 write',
      'conv2.weight 2 0 read',
    ]);
    expect(members(groupOf(description, 'conv2').members)).toEqual([
      'conv2.bias 0 0 write',
      'conv2.weight 3 0 write',
      'fc.weight 0 0 read',
    ]);
    expect(groupOf(description, 'conv1').pinnedBy).toEqual([]);
    expect(groupOf(description, 'fc').pinnedBy).toEqual([{ kind: 'output', name: 'made' }]);
  });

  test('leaves the channels of the images alone', () => {
    const reads = description.groups.flatMap((g) => g.members).filter((m) => m.tensor === 'conv1.weight');
    expect(reads.map((m) => m.axis)).toEqual([3]);
  });

  test('takes other widths from other shapes', () => {
    const narrow = single(chain, [9, 8, 3], { 'conv1.weight': [3, 3, 3, 2], 'fc.weight': [6, 5] });
    expect(narrow.parameters.map((p) => p.shape)).toEqual([
      [3, 3, 3, 2],
      [2],
      [2],
      [1, 1, 2, 6],
      [6],
      [6, 5],
      [5],
    ]);
  });
});

group('coupling', () => {
  test('a residual sum makes its two paths one group, under the name of the first', () => {
    const { groups } = single(
      (net, x) => {
        const stem = net.conv('stem', x, { out: 4, kernel: 3 });
        const one = net.add(stem, net.conv('a', stem, { out: 4, kernel: 3 }));
        const two = net.add(net.conv('b', one, { out: 4, kernel: 3 }), one);
        return net.dense('fc', net.globalAveragePool(two), { out: 2 });
      },
      [8, 8, 1],
    );
    expect(groups.map(({ id }) => id)).toEqual(['stem', 'fc']);
    expect(members(groups[0]!.members)).toEqual([
      'a.weight 2 0 read',
      'a.weight 3 0 write',
      'b.weight 2 0 read',
      'b.weight 3 0 write',
      'fc.weight 0 0 read',
      'stem.weight 3 0 write',
    ]);
  });

  test('adding to the images keeps the channels, because the images are not ours to cut', () => {
    const { groups } = single(
      (net, x) => {
        const y = net.add(net.conv('a', x, { out: 3, kernel: 3 }), x);
        return net.dense('fc', net.globalAveragePool(y), { out: 2 });
      },
      [8, 8, 3],
    );
    expect(groups.map(({ id }) => id)).toEqual(['fc']);
  });

  test('concatenated values keep their own groups, each from its place on', () => {
    const { groups } = single(
      (net, x) => {
        const a = net.conv('a', x, { out: 2, kernel: 1 });
        const b = net.conv('b', x, { out: 3, kernel: 1 });
        const joined = net.batchNorm('bn', net.concat([a, b, a]));
        return net.dense('fc', net.globalAveragePool(joined), { out: 2 });
      },
      [4, 4, 1],
    );
    expect(members(groups[0]!.members).filter((m) => m.startsWith('fc'))).toEqual([
      'fc.weight 0 0 read',
      'fc.weight 0 5 read',
    ]);
    expect(members(groups[1]!.members)).toEqual([
      'b.weight 3 0 write',
      'bn.bias 0 2 norm',
      'bn.running_mean 0 2 norm',
      'bn.running_var 0 2 norm',
      'bn.weight 0 2 norm',
      'fc.weight 0 2 read',
    ]);
  });

  test('a flattened image is read once per position', () => {
    const { groups } = single(
      (net, x) => {
        const a = net.conv('a', x, { out: 3, kernel: 1 });
        return net.dense('fc', net.flatten(a), { out: 2 });
      },
      [2, 2, 1],
    );
    expect(members(groups[0]!.members).filter((m) => m.startsWith('fc'))).toEqual(
      [0, 3, 6, 9].map((start) => `fc.weight 0 ${start} read`),
    );
  });

  test('a sum of differently joined channels keeps them all', () => {
    const { groups } = single(
      (net, x) => {
        const [a, b] = [net.conv('a', x, { out: 2, kernel: 1 }), net.conv('b', x, { out: 2, kernel: 1 })];
        const sum = net.add(net.concat([a, b]), net.conv('c', x, { out: 4, kernel: 1 }));
        return net.dense('fc', net.globalAveragePool(sum), { out: 2 });
      },
      [4, 4, 1],
    );
    for (const id of ['a', 'b', 'c'])
      expect(groups.find((g) => g.id === id)!.pinnedBy).toEqual([{ kind: 'layer', name: 'add' }]);
  });

  test('two values added in two ways become one group, whichever comes first', () => {
    const { groups } = single(
      (net, x) => {
        const [a, b, c] = ['a', 'b', 'c'].map((name) => net.conv(name, x, { out: 2, kernel: 1 }));
        const sum = net.add(net.add(c!, b!), net.add(b!, a!));
        return net.dense('fc', net.globalAveragePool(sum), { out: 2 });
      },
      [4, 4, 1],
    );
    expect(groups.map(({ id }) => id)).toEqual(['a', 'fc']);
    expect(
      groups[0]!.members
        .filter((m) => m.role === 'write')
        .map((m) => m.tensor)
        .sort(),
    ).toEqual(['a.weight', 'b.weight', 'c.weight']);
  });
});

group('a program that cannot be is refused', () => {
  const refused =
    (program: Layers, size: [number, number, number] = [8, 8, 1]): (() => unknown) =>
    () =>
      single(program, size);
  const simple = <V>(net: Net<V>, x: V, name: string): V => net.conv(name, x, { out: 2, kernel: 3 });

  test.each([0, -3, 2.5, Number.NaN])('a layer of %d channels', (out) => {
    for (const layers of [
      (net, x) => net.conv('a', x, { out, kernel: 3 }),
      (net, x) => net.dense('a', x, { out }),
      (net) => net.embedding('a', { tokens: 2, width: out, init: { kind: 'constant', value: 0 } }),
    ] satisfies Layers[]) {
      expect(refused(layers)).toThrow(
        expect.objectContaining({
          code: 'bad-argument',
          message: expect.stringMatching(/is (0|-3|2\.5|NaN)\.\n {2}at layer "a"/) as string,
        }),
      );
    }
  });

  test.each<[string, Layers]>([
    ['kernel', (net, x) => net.conv('a', x, { out: 1, kernel: 0 })],
    ['stride', (net, x) => net.conv('a', x, { out: 1, kernel: 3, stride: 0 })],
    ['pad', (net, x) => net.maxPool(x, { kernel: 3, stride: 2, pad: -1 })],
    ['stride', (net, x) => net.avgPool(x, { kernel: 3, stride: 1.5 })],
  ])('an impossible %s', (option, layers) => {
    expect(refused(layers)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(refused(layers)).toThrow(`The option "${option}" is`);
  });

  test.each<[string, Layers, RegExp]>([
    [
      'a sum of different sizes',
      (net, x) => net.add(simple(net, x, 'a'), net.conv('b', x, { out: 2, kernel: 3, stride: 2 })),
      /\[8, 8, 2\] and \[4, 4, 2\]/,
    ],
    [
      'a convolution of vectors',
      (net, x) => simple(net, net.globalAveragePool(x), 'a'),
      /"a" needs \[height, width, channels\] but receives \[1\]/,
    ],
    [
      'a kernel larger than the image',
      (net, x) => net.conv('a', x, { out: 2, kernel: 9, pad: 0 }),
      /8 pixels with padding 0 do not hold a window of 9/,
    ],
    ['a pooling larger than the image', (net, x) => net.maxPool(x, { kernel: 9, stride: 1 }), /do not hold/],
  ])('%s', (_, program, message) => {
    expect(refused(program)).toThrow(message);
    expect(refused(program)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

test('pooling sizes, by hand', () => {
  const sizes = (program: Layers): number[] => single(program, [7, 7, 2]).parameters[0]!.shape.slice();
  // (7 + 2 - 3) / 2 + 1 = 4 rows of 4 with 2 channels; (7 - 2) / 2 + 1 = 3 without padding.
  expect(
    sizes((net, x) =>
      net.dense('fc', net.flatten(net.maxPool(x, { kernel: 3, stride: 2, pad: 1 })), { out: 1 }),
    ),
  ).toEqual([32, 1]);
  expect(
    sizes((net, x) => net.dense('fc', net.flatten(net.avgPool(x, { kernel: 2, stride: 2 })), { out: 1 })),
  ).toEqual([18, 1]);
});
