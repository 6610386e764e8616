import { cpu } from '@ma-net/backend-cpu';
import { MaNetError, type Network, readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toPyTorch } from '@ma-net/tnet';
import { expect, test } from 'vitest';
import { detr, detrNetwork, dynamicDetrNetwork, parts } from './parts.ts';

const facts = {
  classNames: ['a', 'b'],
  shapes: { images: [16, 16, 3] },
  input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
};
const small = {
  body: { block: 'basic' as const, depths: [1], width: 4, stem: 'half' as const },
  ...{ width: 8, heads: 2, feedForward: 8, queries: 3, decoderLayers: 1 },
};
const networks = {
  detrNetwork: [detrNetwork, { ...small, encoderLayers: 1 }, [3, 3]],
  dynamicDetrNetwork: [
    dynamicDetrNetwork,
    { ...small, encoderBlocks: 1, rank: 2, groupWidth: 4, reduction: 2 },
    [3, 2],
  ],
} as const;

test('parts make the networks and the task, with what was left out filled in', async () => {
  expect(parts).toEqual([detrNetwork, dynamicDetrNetwork, detr]);
  expect(detrNetwork({})).toMatchObject({ queries: 100, encoderLayers: 6, dropout: 0.1 });
  expect(dynamicDetrNetwork({})).toMatchObject({ queries: 300, rank: 16, deformable: true });
  expect(() => detr({ detections: 0 })).toThrow(/detections/);
  for (const [part, options, shape] of Object.values(networks)) {
    const choice = (part as typeof detrNetwork)(options as never);
    const { use, ...complete } = choice;
    const network = await (await part.open(complete as never))(facts, { fresh: true });
    expect([use, network.outputs.find(({ name }) => name === 'logits')!.shape]).toEqual([part.id, shape]);
    const kind = shape[1] === 2 ? { classification: { kind: 'focal' as const } } : {};
    const { use: _, ...asked } = detr(kind);
    expect((await detr.open(asked as never))(network, facts)).toMatchObject({ name: 'detr', network });
  }
});

test('weights are read where a run begins, and told of', async () => {
  await startBackend(cpu);
  const open = async (weights?: string, fresh = true, tell?: (words: string) => void): Promise<Network> => {
    const { use: _, ...complete } = detrNetwork({
      ...networks.detrNetwork[1],
      ...(weights === undefined ? {} : { weights }),
    });
    const build = await detrNetwork.open(complete as never);
    return build(facts, { fresh, ...(tell === undefined ? {} : { tell }) });
  };
  const network = await open();
  const { params, stats } = network.init(Rng.fromSeed(3));
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-detr-')), 'detr.safetensors');
  await writeSafetensors(path, toPyTorch(network, await readParams({ ...params, ...stats })));
  const told: string[] = [];
  const started = await open(path, true, (words) => told.push(words));
  expect(told[0]).toMatch(/^starts from .*detr\.safetensors: [\d ]+ numbers/);
  const name = 'query_embed.weight';
  expect(await started.init(Rng.fromSeed(9)).params[name]!.data()).toEqual(await params[name]!.data());
  await expect(open('/nowhere/detr.safetensors')).rejects.toThrow(MaNetError);
  expect((await open('/nowhere/detr.safetensors', false)).name).toBe('detr');
});
