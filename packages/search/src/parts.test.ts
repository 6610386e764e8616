import { expect, test } from 'vitest';
import { dartsOptions, dartsPtOptions, hotnasOptions, nasLidOptions, shapleyOptions } from './options.ts';
import {
  darts,
  dartsNetwork,
  dartsPt,
  hotnas,
  nasBench201Network,
  nasLid,
  parts,
  shapleyNas,
  supernet,
} from './parts.ts';

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

test('searches may be chosen with nothing said, and refuse a network that holds no others', async () => {
  expect(dartsOptions.parse({})).toEqual({
    learningRate: 3e-4,
    beta1: 0.5,
    beta2: 0.999,
    weightDecay: 1e-3,
    warmup: 0,
    order: 'first',
    xi: 0.025,
  });
  expect(dartsPtOptions.parse({})).toMatchObject({ ...dartsOptions.parse({}), measure: 10 });
  expect(shapleyOptions.parse({})).toMatchObject({
    permutations: 10,
    threshold: 0.5,
    momentum: 0.8,
    step: 0.1,
  });
  expect(hotnasOptions.parse({})).toMatchObject({ evaluations: 100, first: 10, mutations: 200, others: 50 });
  expect(nasLidOptions.parse({})).toMatchObject({ levels: 4, neighbours: 20, likeness: 'cosine', keep: 0.2 });
  const build = await dartsNetwork.open(
    dartsNetwork.schema.parse({ genotype: 'DARTS_V1', channels: 4, layers: 3 }),
  );
  const network = await build(facts, { fresh: true });
  const methods = [
    await darts.open(darts.schema.parse({})),
    await dartsPt.open(dartsPt.schema.parse({})),
    await shapleyNas.open(shapleyNas.schema.parse({})),
    await hotnas.open(hotnas.schema.parse({})),
    await nasLid.open(nasLid.schema.parse({})),
  ];
  expect(methods.map(({ name }) => name)).toEqual(['darts', 'darts-pt', 'shapley-nas', 'hotnas', 'nas-lid']);
  for (const method of methods)
    expect(() => method.open({ network } as never, { budget: 1e6, batchesPerEpoch: 10 })).toThrow(
      expect.objectContaining({ code: 'network-mismatch' }),
    );
});
