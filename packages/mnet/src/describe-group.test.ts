import { defineNetwork } from '@ma-net/core';
import { expect, test } from 'vitest';
import { randomTransformer } from '../test/random-network.ts';
import { smallNetwork } from '../test/small.ts';
import { planCompaction } from './compaction-plan.ts';
import type { Cut } from './cuts.ts';
import { describeGroup } from './describe-group.ts';

const cut = (group: string, gone: readonly number[], of: number): Cut => ({
  group,
  keep: Array.from({ length: of }, (_, unit) => unit).filter((unit) => !gone.includes(unit)),
  of,
});

test('a group with its kernels, their axes, its norms and statistics, and what goes of each', () => {
  expect(describeGroup(smallNetwork, 'conv1', { cuts: [cut('conv1', [0, 2, 3, 4], 7)] })).toBe(
    [
      'conv1: 3 of 7 units stay, gone: 0, 2-4',
      '  made by    conv1.weight      axis 3 of [3, 3, 5, 7]  0, 2-4',
      '  follows    bn1.weight        axis 0 of [7]           0, 2-4',
      '  follows    bn1.bias          axis 0 of [7]           0, 2-4',
      '  statistic  bn1.running_mean  axis 0 of [7]           0, 2-4',
      '  statistic  bn1.running_var   axis 0 of [7]           0, 2-4',
      '  read by    conv2.weight      axis 2 of [3, 3, 7, 5]  0, 2-4',
    ].join('\n'),
  );
});

test('a group of which nothing goes, and one that must stay whole', () => {
  const [first, ...members] = describeGroup(smallNetwork, 'stem').split('\n');
  expect(first).toBe('stem: 5 of 5 units stay');
  // A residual stage: both layers that make its channels, and both that read them.
  expect(members.filter((line) => /made by/.test(line)).map((line) => line.split(/\s{2,}/)[2])).toEqual([
    'stem.weight',
    'conv2.weight',
  ]);
  expect(members.filter((line) => /read by/.test(line))).toHaveLength(2);
  expect(describeGroup(smallNetwork, 'fc')).toMatch(
    /^fc: all 3 units stay: they are read by the output "logits"\n/,
  );
});

test('a unit of several channels, and one that a flattened image repeats', () => {
  const transformer = randomTransformer(1);
  const { units, members } = transformer.groups.find(({ id }) => id === 'q')!;
  const { block } = members[0]!;
  const text = describeGroup(transformer, 'q', { cuts: [cut('q', [1], units)] });
  const gone = block === 1 ? '1' : `${block}-${2 * block - 1}`;
  expect(text).toMatch(new RegExp(`q\\.weight +axis 1 of .* ${gone}\n`));
  const flat = defineNetwork('flat', { images: [2, 2, 1] }, (net, { images }) => ({
    logits: net.dense('fc', net.flatten(net.conv('a', images, { out: 3, kernel: 1 })), { out: 2 }),
  }));
  // Four positions of three channels each.
  expect(describeGroup(flat, 'a', { cuts: [cut('a', [0], 3)] })).toMatch(
    /read by +fc\.weight .* 0, 3, 6, 9$/,
  );
});

test('long lists end in a count, where they are asked to', () => {
  const cuts = [cut('conv1', [0, 2, 4, 5, 6], 7)];
  expect(describeGroup(smallNetwork, 'conv1', { cuts, runs: 2 })).toMatch(/gone: 0, 2 and 3 more\n/);
});

test('refuses a group that is not there, and cuts that cannot be', () => {
  expect(() => describeGroup(smallNetwork, 'conv')).toThrow(
    expect.objectContaining({
      code: 'unknown-name',
      message: expect.stringContaining('did you mean "conv1"') as string,
    }),
  );
  expect(() => describeGroup(smallNetwork, 'conv1', { cuts: [cut('fc', [0], 3)] })).toThrow(
    expect.objectContaining({ code: 'prune-refused' }),
  );
});

test('the plan of a compaction says what goes', () => {
  const mask = new Uint8Array(35).fill(1).fill(0, 5, 15);
  const { cuts } = planCompaction(smallNetwork, { 'conv2.weight': mask });
  expect(describeGroup(smallNetwork, 'conv1', { cuts })).toMatch(/^conv1: 5 of 7 units stay, gone: 1-2\n/);
});
