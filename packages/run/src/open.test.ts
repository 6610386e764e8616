import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { readParams, Rng, startBackend } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import { createTNet, toPyTorch } from '@ma-net/tnet';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { splitsOf } from './facts.ts';
import { openRun } from './open.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

/** A folder like CIFAR-10's, of random images. */
function cifarFolder(records: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-cifar-'));
  const rng = Rng.fromSeed(1);
  const batch = Uint8Array.from({ length: records * 3073 }, (_, i) =>
    i % 3073 === 0 ? rng.integer(10) : rng.integer(256),
  );
  for (const name of ['data_batch_1.bin', 'test_batch.bin']) writeFileSync(join(folder, name), batch);
  writeFileSync(
    join(folder, 'batches.meta.txt'),
    'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n',
  );
  return folder;
}

describe('openRun', () => {
  test.each(['epochs=1e308', 'method.mnet.hidden=1000000', 'method.mnet.blocks=1000000000'])(
    'refuses %s before anything is made',
    async (change) => {
      await expect(openRun(await changed(change), installed)).rejects.toMatchObject({ code: 'too-large' });
    },
  );

  test('derives budget, rounds and evaluation from the recipe and the data', async () => {
    const run = await openRun(
      await changed(
        'data=cifar10',
        'network.name=resnet10-cifar',
        `data.path=${cifarFolder(200)}`,
        'data.trainLimit=200',
        'data.testLimit=50',
        'epochs=6',
      ),
      installed,
    );
    expect(run.source.batchesPerEpoch).toBe(3);
    expect(run.options).toMatchObject({
      budget: 18,
      optimizer: { name: 'sgd', momentum: 0.9 },
    });
    expect(run.training.rounds.slice(0, 1)).toEqual([{ index: 0, kind: 'plain', start: 0, length: 3 }]);
    expect(run.training.rounds.reduce((sum, { length }) => sum + length, 0)).toBe(18);
    expect(run.training.warnings).toEqual([expect.stringMatching(/no round of this run decides/)]);
    expect(run.evaluateEvery).toBe(3);
    expect(splitsOf(run.data)).toMatchObject({ train: { samples: 200 }, test: { samples: 50 } });
  });

  test('starts from the weights that the recipe names, with a classifier of its own', async () => {
    const trained = await createTNet('resnet8-digits', { numClasses: 3 });
    const { params, stats } = trained.init(Rng.fromSeed(9));
    const weights = join(mkdtempSync(join(tmpdir(), 'ma-net-weights-')), 'model.safetensors');
    await writeSafetensors(weights, toPyTorch(trained, await readParams({ ...params, ...stats })));
    const told: string[] = [];
    const tell = (words: string): void => void told.push(words);
    const state = (await openRun(await changed(`network.weights=${weights}`), installed, tell)).start();
    expect(told).toEqual([expect.stringMatching(/^starts from [^]*starts afresh: fc\.weight \[10, 64\]/)]);
    const name = 'layer2.0.conv1.weight';
    expect(await state.sections.params[name]!.data()).toEqual(await params[name]!.data());
    expect(state.sections.params['fc.weight']!.shape).toEqual([64, 10]);
    disposeState(state);
  });

  test('two runs of a recipe start with the same weights and the same first batch, another seed with others', async () => {
    const first = async (seed: number): Promise<[number, number]> => {
      const run = await openRun(await changed(`seed=${seed}`), installed);
      const state = run.start();
      const batch = await run.source.next();
      const values: [number, number] = [
        (await state.sections.params['conv1.weight']!.data())[0]!,
        (await tf.sum(batch['images_BHWC']!).data())[0]!,
      ];
      disposeState(state);
      return values;
    };
    const [a, b, c] = [await first(3), await first(3), await first(4)];
    expect(b).toEqual(a);
    expect(c[0]).not.toBe(a[0]);
    expect(c[1]).not.toBe(a[1]);
  });

  test('the baseline has no astrocytes', async () => {
    const run = await openRun(await changed('method=plain'), installed);
    expect(run.training.sections).toEqual({});
    expect(Object.keys(run.start().sections)).toEqual(['params', 'stats']);
  });

  test('needs a folder for data that is not embedded', async () => {
    await expect(openRun(await changed('data=cifar10'), installed)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/--data/),
    });
  });

  test('refuses a mini-batch larger than the training set, and more astrocytes than pre-neurons', async () => {
    await expect(openRun(await changed('data.trainLimit=32'), installed)).rejects.toMatchObject({
      code: 'bad-recipe',
    });
    await expect(openRun(await changed('method.mnet.astrocytes=5000'), installed)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(/5000/),
    });
  });
});
