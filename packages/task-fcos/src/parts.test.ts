import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type Network, readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { BODY } from '@ma-net/detection';
import { toPyTorch } from '@ma-net/tnet';
import { expect, test } from 'vitest';
import { fcos, fcosNetwork, parts } from './parts.ts';

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
  await startBackend(cpu);
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
