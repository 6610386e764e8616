// What layers do to channels: which pass, which join, which become units, and what cannot be.

import { describe, expect, test } from 'vitest';
import { type Layers, single } from '../../test/single.ts';
import { defineNetwork } from '../define.ts';
import type { Network } from '../network.ts';
import type { Net } from '../program.ts';

const conv = <V>(net: Net<V>, name: string, x: V, out = 4): V => net.conv(name, x, { out, kernel: 1 });
const readBy = <V>(net: Net<V>, x: V): V => net.dense('fc', net.globalAveragePool(x), { out: 2 });
const members = ({ groups }: Network, id: string): string[] =>
  groups
    .find((group) => group.id === id)!
    .members.map(
      ({ tensor, axis, block, role }) => `${tensor} ${axis} ${role}${block === 1 ? '' : ` by ${block}`}`,
    )
    .sort();

describe('channels', () => {
  test('of a depthwise convolution are those that it reads', () => {
    const network = single(
      (net, x) => readBy(net, net.depthwiseConv('d', conv(net, 'a', x), { kernel: 3 })),
      [6, 6, 3],
    );
    expect(members(network, 'a')).toEqual(['a.weight 3 write', 'd.weight 2 norm', 'fc.weight 0 read']);
    expect(network.kernels.map((k) => k.param)).toEqual(['a.weight', 'fc.weight']);
    expect(network.parameters.find((p) => p.name === 'd.weight')).toMatchObject({
      kind: 'depthwise',
      shape: [3, 3, 4, 1],
      positions: 36,
    });
  });

  test('go with the gate that they are multiplied by', () => {
    const network = single(
      (net, x) => {
        const a = conv(net, 'a', x);
        return readBy(net, net.mul(a, net.sigmoid(net.dense('gate', net.globalAveragePool(a), { out: 4 }))));
      },
      [6, 6, 3],
    );
    expect(members(network, 'a')).toEqual([
      'a.weight 3 write',
      'fc.weight 0 read',
      'gate.bias 0 write',
      'gate.weight 0 read',
      'gate.weight 1 write',
    ]);
  });

  test('stay where positions are learned for each half of them', () => {
    const network = single(
      (net, x) => readBy(net, net.gridPositions('p', conv(net, 'a', x), { most: 6 })),
      [6, 6, 3],
    );
    expect(network.groups.find(({ id }) => id === 'a')!.pinnedBy).toEqual([{ kind: 'layer', name: 'p' }]);
    expect(network.parameters.filter(({ kind }) => kind === 'embedding')).toMatchObject([
      { name: 'p.row', shape: [6, 2] },
      { name: 'p.column', shape: [6, 2] },
    ]);
  });

  test('do not depend on a gate of positions', () => {
    const network = single(
      (net, x) => readBy(net, net.mul(conv(net, 'a', x), conv(net, 'gate', x, 1))),
      [6, 6, 3],
    );
    expect(members(network, 'a')).toEqual(['a.weight 3 write', 'fc.weight 0 read']);
  });

  test('of candidates that are mixed go together', () => {
    const network = single(
      (net, x) => readBy(net, net.mix('alphas', [conv(net, 'a', x), conv(net, 'b', x)])),
      [6, 6, 3],
    );
    expect(members(network, 'a')).toEqual(['a.weight 3 write', 'b.weight 3 write', 'fc.weight 0 read']);
  });

  test('of a group that is normalised are one unit', () => {
    const network = single(
      (net, x) => readBy(net, net.groupNorm('gn', conv(net, 'a', x, 6), { groupWidth: 3, epsilon: 1e-5 })),
      [6, 6, 3],
    );
    expect(network.groups[0]).toMatchObject({ units: 2, pinnedBy: [] });
    expect(members(network, 'a')).toEqual([
      'a.weight 3 write by 3',
      'fc.weight 0 read by 3',
      'gn.bias 0 norm by 3',
      'gn.weight 0 norm by 3',
    ]);
    const narrow = network.resized({ 'a.weight': [1, 1, 3, 3] });
    expect(narrow.groups[0]!.units).toBe(1);
  });

  test('of a grouped convolution go group by group, from what it reads to what it makes', () => {
    const network = single(
      (net, x) =>
        readBy(net, net.groupedConv('g', conv(net, 'a', x, 6), { kernel: 3, groupWidth: 2, bias: true })),
      [6, 6, 3],
    );
    expect(network.groups[0]).toMatchObject({ units: 3, pinnedBy: [] });
    expect(members(network, 'a')).toEqual([
      'a.weight 3 write by 2',
      'fc.weight 0 read by 2',
      'g.bias 0 norm by 2',
      'g.weight 3 norm by 2',
    ]);
    const shapes = { 'a.weight': [1, 1, 3, 4] };
    const narrow = network.resized(shapes).parameters.find((p) => p.name === 'g.weight')!;
    // Two groups of three: a third of the products is gone.
    expect(narrow).toMatchObject({ shape: [3, 3, 2, 4], positions: 36 });
  });

  test('of a grouped convolution stay where a group makes other channels than it reads', () => {
    const network = single(
      (net, x) =>
        readBy(net, net.groupedConv('g', conv(net, 'a', x, 6), { kernel: 3, groupWidth: 2, groupOut: 1 })),
      [6, 6, 3],
    );
    const pins = [{ kind: 'layer', name: 'g' }];
    expect(network.groups.find(({ id }) => id === 'a')).toMatchObject({ units: 6, pinnedBy: pins });
    expect(network.groups.find(({ id }) => id === 'g')).toMatchObject({ units: 3, pinnedBy: pins });
  });

  test('are no unit where it would lie in the channels of two layers', () => {
    const joined = <V>(net: Net<V>, x: V): V =>
      net.concat([conv(net, 'a', x, 3), conv(net, 'b', x, 2), conv(net, 'c', x, 3), conv(net, 'd', x, 2)]);
    const network = single(
      (net, x) => readBy(net, net.groupNorm('gn', joined(net, x), { groupWidth: 2, epsilon: 1e-5 })),
      [6, 6, 3],
    );
    // Channels 0-2, 3-4, 5-7, 8-9: the second layer's start within a unit, the last one's do not.
    const pinned = network.groups.filter((g) => g.pinnedBy.some(({ name }) => name === 'gn'));
    expect(pinned.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(network.groups.find(({ id }) => id === 'd')!.units).toBe(1);
  });

  test('that a product sums over stay; those of its second value pass', () => {
    const network = single(
      (net, x) => {
        const [a, b] = [net.tokens(conv(net, 'a', x)), net.tokens(conv(net, 'b', x, 5))];
        const scores = net.matmul(a, net.tokens(conv(net, 'k', x)), { transposeB: true });
        return net.dense('fc', net.matmul(scores, b), { out: 2 });
      },
      [2, 2, 3],
    );
    const pinned = (id: string) => network.groups.find((group) => group.id === id)!.pinnedBy;
    expect([pinned('a'), pinned('k'), pinned('b')]).toEqual([
      [{ kind: 'layer', name: 'matmul' }],
      [{ kind: 'layer', name: 'matmul' }],
      [],
    ]);
    expect(members(network, 'b')).toEqual(['b.weight 3 write', 'fc.weight 0 read']);
    // Four tokens times four channels or tokens, for each of four tokens and of five channels.
    expect(network.activationMacs).toBe(4 * 4 * 4 + 4 * 4 * 5);
  });

  test('stay where shares of them add up to 1', () => {
    const network = single((net, x) => readBy(net, net.softmax(conv(net, 'a', x))), [6, 6, 3]);
    expect(network.groups[0]!.pinnedBy).toEqual([{ kind: 'layer', name: 'softmax' }]);
  });

  test('pass where rows are taken', () => {
    const network = defineNetwork('taken', { x: [2, 2, 3], at: [5] }, (net, { x, at }) => ({
      made: net.dense('fc', net.gather(net.tokens(conv(net, 'a', x)), at), { out: 2 }),
    }));
    const sampled = defineNetwork('sampled', { x: [2, 2, 3], at: [5, 2] }, (net, { x, at }) => ({
      made: net.dense('fc', net.sample(conv(net, 'a', x), at), { out: 2 }),
    }));
    expect(members(sampled, 'a')).toEqual(['a.weight 3 write', 'fc.weight 0 read']);
    expect(sampled.outputs[0]!.shape).toEqual([5, 2]);
    expect(members(network, 'a')).toEqual(['a.weight 3 write', 'fc.weight 0 read']);
    expect(network.outputs[0]!.shape).toEqual([5, 2]);
  });

  test.each<[string, Layers]>([
    ['upsample', (net, x) => net.upsample(x, { times: 2 })],
    ['crop', (net, x) => net.crop(x, { top: 1, left: 1 })],
    ['dropout', (net, x) => net.dropout('d', x, { rate: 0.5 })],
    ['dropPath', (net, x) => net.dropPath('d', x, { rate: 0.5 })],
    ['scaleGradient', (net, x) => net.scaleGradient(x, 2)],
    ['silu', (net, x) => net.hardSwish(net.silu(net.sigmoid(x)))],
    ['exp', (net, x) => net.exp(x)],
    ['scale', (net, x) => net.scale(x, 2)],
    ['adaptiveAvgPool', (net, x) => net.adaptiveAvgPool(x, { size: 4 })],
    ['div', (net, x) => net.div(x, net.exp(x))],
  ])('pass %s', (_, layer) => {
    const network = single((net, x) => readBy(net, layer(net, conv(net, 'a', x))), [6, 6, 3]);
    expect(members(network, 'a')).toEqual(['a.weight 3 write', 'fc.weight 0 read']);
    expect(network.groups[0]!.pinnedBy).toEqual([]);
  });
});

test('strides grow with strides and shrink with what enlarges', () => {
  const network = single(
    (net, x) =>
      net.upsample(net.depthwiseConv('d', conv(net, 'a', x), { kernel: 3, stride: 4 }), { times: 2 }),
    [9, 9, 3],
  );
  expect(network.outputs[0]).toMatchObject({ shape: [6, 6, 4], stride: 2 });
});

describe('what does not fit is refused', () => {
  test.each<[string, Layers, RegExp]>([
    [
      'a gate of other channels',
      (net, x) => net.mul(x, conv(net, 'a', x, 2)),
      /gate of \[6, 6, 2\] does not fit \[6, 6, 3\]/,
    ],
    [
      'candidates of other widths',
      (net, x) => net.mix('m', [x, conv(net, 'a', x)]),
      /Cannot mix \[6, 6, 3\] with \[6, 6, 4\]/,
    ],
    [
      'a divisor of another shape',
      (net, x) => net.div(x, net.globalAveragePool(x)),
      /Cannot divide \[6, 6, 3\]/,
    ],
    [
      'more positions than a table has',
      (net, x) => net.gridPositions('p', conv(net, 'a', x), { most: 5 }),
      /Tables of 5 rows and columns do not fit \[6, 6, 4\]/,
    ],
    [
      'groups that do not divide the width',
      (net, x) => net.groupNorm('gn', conv(net, 'a', x), { groupWidth: 3, epsilon: 1e-5 }),
      /4 channels do not consist of groups of 3/,
    ],
    [
      'sizes that are joined',
      (net, x) => net.concat([x, net.upsample(x, { times: 2 })]),
      /Cannot join \[6, 6, 3\], \[12, 12, 3\]/,
    ],
    [
      'channels that are no groups',
      (net, x) => net.groupedConv('g', x, { kernel: 1, groupWidth: 2 }),
      /3 channels do not consist of groups of 2/,
    ],
    [
      'a window that reaches over more than there is',
      (net, x) => net.conv('c', x, { out: 1, kernel: 3, dilation: 4, pad: 1 }),
      /6 pixels with padding 1 do not hold a window of 9/,
    ],
    [
      'half a dilation',
      (net, x) => net.conv('c', x, { out: 1, kernel: 3, dilation: 1.5 }),
      /"dilation" is 1.5/,
    ],
    [
      'a product of other sizes',
      (net, x) => net.matmul(x, net.tokens(x)),
      /multiply \[6, 6, 3\] with \[36, 3\]\./,
    ],
    [
      'indices with channels',
      (net, x) => net.gather(net.tokens(x), net.tokens(x)),
      /Indices of \[36, 3\] do not say/,
    ],
    ['points of three numbers', (net, x) => net.sample(x, net.tokens(x)), /Points of \[36, 3\] are no list/],
    ['more rows than there are', (net, x) => net.crop(x, { top: 6 }), /Nothing is left of \[6, 6, 3\]/],
    ['half a row', (net, x) => net.crop(x, { left: 0.5 }), /"left" is 0.5/],
    ['half a step', (net, x) => net.upsample(x, { times: 1.5 }), /"times" is 1.5/],
    [
      'a mask of other keys',
      (net, x) => {
        const t = net.tokens(x);
        return net.attention(t, t, t, { headDim: 3 }, net.globalAveragePool(x));
      },
      /mask of \[3\] does not say which of 36 keys/,
    ],
  ])('%s', (_, layers, message) => {
    expect(() => single(layers, [6, 6, 3])).toThrow(message);
  });
});
