import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type HostTensor, type Network, readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { BODY, withBody } from '@ma-net/detection';
import { toPyTorch } from '@ma-net/tnet';
import { beforeAll, describe, expect, test } from 'vitest';
import { fcos, fcosNetwork, parts } from './parts.ts';
import { withFcosWeights } from './weights.ts';

beforeAll(() => startBackend(cpu));

const facts = {
  classNames: ['cat', 'dog'],
  shapes: { images: [64, 64, 3] },
  input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
};
const tiny = fcosNetwork.schema.parse({
  body: { block: 'basic', depths: [1, 1, 1, 1], width: 2, norm: 'batch' },
  width: 4,
  convolutions: 1,
  groupWidth: 2,
});

test('the parts make a network for the classes of the data, and the task on it', async () => {
  expect(parts).toEqual([fcosNetwork, fcos]);
  const network = await (await fcosNetwork.open(tiny))(facts, { fresh: true });
  expect(network.outputs.map(({ name }) => name).slice(0, 3)).toEqual(['p3.cls', 'p3.ltrb', 'p3.ctr']);
  expect(network.outputs).toHaveLength(15);
  expect(network.outputs[0]!.shape).toEqual([8, 8, 2]);
  const task = (await fcos.open(fcos.schema.parse({})))(network, facts);
  expect(task).toMatchObject({ name: 'fcos', network, headline: { measure: 'AP' } });
});

test('the body starts from a classifier, when it is trained from its beginning', async () => {
  const open = await fcosNetwork.open(tiny);
  const network = await open(facts, { fresh: true });
  const { params, stats } = network.init(Rng.fromSeed(5));
  const all = toPyTorch(network, await readParams({ ...params, ...stats }));
  const body = Object.entries(all).flatMap(([name, tensor]) =>
    name.startsWith(BODY) ? [[name.slice(BODY.length), tensor] as const] : [],
  );
  const file = join(await mkdtemp(join(tmpdir(), 'fcos-')), 'classifier.safetensors');
  await writeSafetensors(file, Object.fromEntries(body));
  const from = await fcosNetwork.open({ ...tiny, weights: file });
  const told: string[] = [];
  const started = await from(facts, { fresh: true, tell: (words) => told.push(words) });
  expect(told[0]).toContain(file);
  const name = 'backbone.body.layer2.0.conv1.weight';
  const kernel = async (of: Network, seed: number) =>
    Array.from(await of.init(Rng.fromSeed(seed)).params[name]!.data());
  expect(await kernel(started, 9)).toEqual(await kernel(network, 5));
  // A checkpoint has its own.
  expect(await kernel(await from(facts, { fresh: false }), 9)).toEqual(await kernel(network, 9));
});

describe('weights of a detector', () => {
  const withClasses = (...classNames: string[]) => ({ ...facts, classNames });
  const fileOf = async (of: Network): Promise<Record<string, HostTensor>> => {
    const { params, stats } = of.init(Rng.fromSeed(5));
    return toPyTorch(of, await readParams({ ...params, ...stats }));
  };
  const made = async (options = tiny, classes = withClasses('cat', 'dog')) =>
    (await fcosNetwork.open(options))(classes, { fresh: true });
  const valuesOf = async (of: Network, name: string, seed: number) =>
    Array.from(await of.init(Rng.fromSeed(seed)).params[name]!.data());
  const [TOWER, LOGITS] = ['fcos.fcos_head.cls_tower.0.weight', 'fcos.fcos_head.cls_logits.weight'];
  const KERNEL = 'backbone.body.layer2.0.conv1.weight';

  test("start all of it, under our names or AdelaiDet's", async () => {
    const network = await made();
    const file = await fileOf(network);
    const theirs = Object.entries(file).map(([name, tensor]) => [
      name.replace('fcos.', 'proposal_generator.'),
      tensor,
    ]);
    for (const tensors of [file, Object.fromEntries(theirs) as typeof file]) {
      const { network: started, report } = withFcosWeights(network, tensors);
      expect(report.replaced).toEqual([]);
      for (const name of [TOWER, LOGITS, KERNEL])
        expect(await valuesOf(started, name, 9)).toEqual(await valuesOf(network, name, 5));
    }
  });

  test('of another list of classes: what tells them apart starts afresh, and is told', async () => {
    const file = await fileOf(await made());
    const network = await made(tiny, withClasses('a', 'b', 'c'));
    const { network: started, report } = withFcosWeights(network, file);
    expect(report.replaced.map(({ name }) => name).sort()).toEqual([
      'fcos.fcos_head.cls_logits.bias',
      LOGITS,
    ]);
    expect(await valuesOf(started, TOWER, 9)).toEqual(await valuesOf(await made(), TOWER, 5));
    expect(await valuesOf(started, LOGITS, 9)).toEqual(await valuesOf(network, LOGITS, 9));
  });

  test('of another head are refused by name, and their body can be taken alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fcos-head-'));
    const weights = join(folder, 'wide.safetensors');
    const wide = await made({ ...tiny, width: 8 });
    await writeSafetensors(weights, await fileOf(wide));
    await expect(made({ ...tiny, weights })).rejects.toMatchObject({
      code: 'network-mismatch',
      message: expect.stringMatching(
        /fcos_head\.cls_tower\.0\.weight \[8, 8, 3, 3\], expected \[4, 4, 3, 3\]/,
      ) as string,
      where: weights,
      hint: expect.stringContaining('network.take=body') as string,
    });
    const started = await made({ ...tiny, weights, take: 'body' });
    expect(await valuesOf(started, KERNEL, 9)).toEqual(await valuesOf(wide, KERNEL, 5));
    expect(await valuesOf(started, TOWER, 9)).toEqual(await valuesOf(await made(), TOWER, 9));
    // Nothing is offered that would be refused as well.
    const deeper = { ...tiny, body: { ...tiny.body, depths: [1, 1, 1, 2] }, weights };
    await expect(made(deeper)).rejects.toMatchObject({
      hint: expect.not.stringContaining('network.take') as string,
    });
    await expect(made({ ...deeper, take: 'body' })).rejects.toThrow(/layer4\.1\.conv1/);
  });

  test('of DETR give their body', async () => {
    const network = await made();
    const body = Object.entries(await fileOf(network)).filter(([name]) => name.startsWith(BODY));
    const detr = body.map(([name, tensor]) => [`backbone.0.body.${name.slice(BODY.length)}`, tensor]);
    const other = { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) } as const;
    const file = { ...(Object.fromEntries(detr) as Record<string, HostTensor>), 'class_embed.bias': other };
    const { network: started, report } = withBody(network, file);
    expect(await valuesOf(started, KERNEL, 9)).toEqual(await valuesOf(network, KERNEL, 5));
    expect(report.leftOut).toContain('class_embed.bias');
  });
});
