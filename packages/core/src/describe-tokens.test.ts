// How the layers of transformers are described: heads, windows, tokens.

import { describe as group, expect, test } from 'vitest';
import { type Layers, single } from '../test/single.ts';
import { zeros } from './init.ts';
import type { Net } from './program.ts';

const projections = <V>(net: Net<V>, x: V, width: number): readonly [V, V, V] => [
  net.dense('q', x, { out: width }),
  net.dense('k', x, { out: width }),
  net.dense('v', x, { out: width }),
];

group('attention', () => {
  const program: Layers = (net, x) => {
    const patches = net.tokens(net.conv('patch', x, { out: 6, kernel: 4, stride: 4, pad: 0 }));
    const cls = net.embedding('cls', { tokens: 1, width: 6, init: zeros });
    const tokens = net.prepend(cls, patches);
    const [q, k, v] = projections(net, tokens, 8);
    const mixed = net.attention(q, k, v, { headDim: 4 });
    const out = net.add(tokens, net.dense('proj', mixed, { out: 6 }));
    return net.dense('fc', net.flatten(net.takeTokens(out, 0, 1)), { out: 3 });
  };
  const description = single(program, [8, 8, 3]);
  const groupOf = (id: string): (typeof description.groups)[number] =>
    description.groups.find((g) => g.id === id)!;

  test('makes a head of q, k and v one unit, as wide as a head', () => {
    const heads = groupOf('q');
    expect(heads.units).toBe(2);
    const found = heads.members.map((m) => [m.tensor, m.axis, m.start, m.block, m.role].join(' ')).sort();
    expect(found).toEqual([
      'k.bias 0 0 4 write',
      'k.weight 1 0 4 write',
      'proj.weight 0 0 4 read',
      'q.bias 0 0 4 write',
      'q.weight 1 0 4 write',
      'v.bias 0 0 4 write',
      'v.weight 1 0 4 write',
    ]);
  });

  test('joins the class token with the patches, and both with what is added to them', () => {
    const stream = groupOf('patch');
    expect(stream.units).toBe(6);
    expect(
      stream.members
        .filter((m) => m.role === 'write')
        .map((m) => m.tensor)
        .sort(),
    ).toEqual(['cls', 'patch.weight', 'proj.bias', 'proj.weight']);
  });

  test('counts the products of scores and their use: 2 n^2 d', () => {
    // Four patches and a class token: 2 * 5 * 5 * 8.
    expect(description.activationMacs).toBe(400);
  });

  test('takes fewer heads from narrower projections', () => {
    const narrow = single(
      program,
      [8, 8, 3],
      Object.fromEntries(['q', 'k', 'v'].map((n) => [`${n}.weight`, [6, 4]])),
    );
    expect(narrow.groups.find((g) => g.id === 'q')!.units).toBe(1);
    expect(narrow.parameters.find((p) => p.name === 'proj.weight')!.shape).toEqual([4, 6]);
  });
});

group('window attention', () => {
  const program: Layers = (net, x) => {
    const [q, k, v] = projections(net, net.conv('stem', x, { out: 6, kernel: 1 }), 8);
    const mixed = net.windowAttention('attn', q, k, v, { headDim: 2, window: 2, shift: 1 });
    return net.dense('fc', net.globalAveragePool(net.mergePatches(mixed)), { out: 3 });
  };

  test('has a bias per relative position and head, which goes with its head', () => {
    const { parameters, groups, activationMacs } = single(program, [4, 6, 3]);
    expect(parameters.find((p) => p.name === 'attn.relative_position_bias_table')!.shape).toEqual([9, 4]);
    const heads = groups.find((g) => g.id === 'q')!;
    expect(heads.units).toBe(4);
    expect(heads.members).toContainEqual({
      tensor: 'attn.relative_position_bias_table',
      axis: 1,
      start: 0,
      block: 1,
      role: 'norm',
    });
    // 24 positions, 4 in a window, width 8: 2 * 24 * 4 * 8.
    expect(activationMacs).toBe(1536);
  });

  test('merged patches are read in four parts', () => {
    const { groups } = single(program, [4, 6, 3]);
    const reads = groups.find((g) => g.id === 'q')!.members.filter((m) => m.tensor === 'fc.weight');
    expect(reads.map(({ start, block }) => [start, block])).toEqual([
      [0, 2],
      [8, 2],
      [16, 2],
      [24, 2],
    ]);
  });
});

test('a layer normalisation pins its channels', () => {
  const { groups, parameters } = single(
    (net, x) => {
      const a = net.layerNorm('norm', net.conv('a', x, { out: 4, kernel: 1 }), { epsilon: 1e-6 });
      return net.dense('fc', net.globalAveragePool(a), { out: 2 });
    },
    [4, 4, 1],
  );
  expect(groups[0]!.pinnedBy).toEqual([{ kind: 'layer', name: 'norm' }]);
  expect(parameters.map((p) => p.name).slice(1, 3)).toEqual(['norm.weight', 'norm.bias']);
});

group('what does not fit is refused', () => {
  const tokens = <V>(net: Net<V>, x: V): V => net.tokens(net.conv('patch', x, { out: 6, kernel: 1 }));
  test.each<[string, Layers, RegExp]>([
    [
      'heads that do not divide the width',
      (net, x) => net.attention(...projections(net, tokens(net, x), 8), { headDim: 3 }),
      /equally many heads of width 3/,
    ],
    [
      'keys of another width',
      (net, x) => {
        const t = tokens(net, x);
        const [q, , v] = projections(net, t, 8);
        return net.attention(q, net.dense('other', t, { out: 4 }), v, { headDim: 4 });
      },
      /\[16, 8\], \[16, 4\], \[16, 8\]/,
    ],
    [
      'windows that do not tile the image',
      (net, x) => net.windowAttention('w', ...projections(net, x, 8), { headDim: 4, window: 3 }),
      /do not tile 4 x 4/,
    ],
    [
      'a shift as wide as a window',
      (net, x) => net.windowAttention('w', ...projections(net, x, 8), { headDim: 4, window: 2, shift: 2 }),
      /shifted by 2/,
    ],
    [
      'a grid of another size',
      (net, x) => net.grid(tokens(net, x), 3, 5),
      /16 tokens do not fill a grid of 3 x 5/,
    ],
    [
      'tokens of another width before',
      (net, x) => net.prepend(net.embedding('cls', { tokens: 1, width: 5, init: zeros }), tokens(net, x)),
      /width 5 cannot join tokens of 6/,
    ],
    [
      'more tokens than there are',
      (net, x) => net.takeTokens(tokens(net, x), 10, 7),
      /16 tokens, not 7 from 10 on/,
    ],
    [
      'odd sizes to merge',
      (net, x) => net.mergePatches(net.conv('c', x, { out: 2, kernel: 2, pad: 0 })),
      /3 x 3 positions/,
    ],
    [
      'tokens of vectors',
      (net, x) => net.tokens(net.globalAveragePool(x)),
      /"tokens" needs \[height, width, channels\]/,
    ],
  ])('%s', (_, program, message) => {
    expect(() => single(program, [4, 4, 3])).toThrow(message);
    expect(() => single(program, [4, 4, 3])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});
