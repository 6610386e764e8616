import { expect, test } from 'vitest';
import { dartsNetwork, nasBench201Network, parts, supernet } from './parts.ts';

const facts = {
  classNames: ['a', 'b', 'c'],
  shapes: { images: [8, 8, 1] },
  input: { mean: [0], std: [1], white: 16 },
};
const arch = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';

test('the parts build networks for what the data hold', async () => {
  expect(parts.filter(({ kind }) => kind === 'network')).toEqual([
    dartsNetwork,
    nasBench201Network,
    supernet,
  ]);
  const fresh = { fresh: true };
  const built = [
    await dartsNetwork.open(dartsNetwork.schema.parse({ genotype: 'DARTS_V1', channels: 4, layers: 3 })),
    await nasBench201Network.open(nasBench201Network.schema.parse({ genotype: arch, channels: 4, cells: 1 })),
    await supernet.open(supernet.schema.parse({ space: 'nas-bench-201', channels: 4, layers: 1 })),
  ];
  for (const build of built) {
    const network = await build(facts, fresh);
    expect(network.inputs[0]!.shape).toEqual([8, 8, 1]);
    expect(network.outputs[0]!.shape).toEqual([3]);
  }
});

test('a genotype of another space is refused', async () => {
  const build = await dartsNetwork.open(dartsNetwork.schema.parse({ genotype: arch }));
  await expect(build(facts, { fresh: true })).rejects.toMatchObject({ code: 'network-mismatch' });
});
