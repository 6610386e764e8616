import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, encodeSafetensors, type RunningBackend, startBackend } from '@ma-net/core';
import { digits as readDigits } from '@ma-net/data/node';
import { disposeState, encodeCheckpoint, fit } from '@ma-net/trainer';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { trainedAt } from '../test/trained.ts';
import { factsOf, networkFacts, resumption } from './facts.ts';
import { masksInForce } from './host-state.ts';
import { openRun, runOf } from './open.ts';
import { override } from './override.ts';
import { testMeasures, predictions, secondsPerImage } from './predictions.ts';
import { decide, prepare } from './prepared-network.ts';
import { createRunDirectory } from './run-directory.ts';
import { continueSavedRun, openSavedRun, requireCheckpoint, withData } from './saved-run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const recipe = await changed(
  'network.name=resnet-test',
  'data.trainLimit=64',
  'data.testLimit=40',
  'batchSize=16',
  'epochs=3',
  'method.mnet.hidden=8',
  'method.mnet.heads=2',
);
const path = join(mkdtempSync(join(tmpdir(), 'ma-net-run-')), 'run');
let backend: RunningBackend;

beforeAll(async () => {
  backend = await startBackend(cpu);
  await trainedAt(path, recipe, backend);
});

describe('openSavedRun', () => {
  test('finds recipe, facts and the state of the last checkpoint', async () => {
    const saved = await openSavedRun(path, installed);
    expect(saved.run.recipe).toEqual(recipe);
    expect(saved.directory.facts).toMatchObject({ backend: 'cpu', seed: 0, method: 'ma-net' });
    const { state } = requireCheckpoint(saved);
    expect(state.step).toBe(12);
    const masks = await masksInForce(saved.run, state);
    expect(Object.keys(masks).toSorted()).toEqual(saved.run.network.kernels.map((k) => k.param).toSorted());
    for (const [name, mask] of Object.entries(masks))
      expect(mask).toHaveLength(state.sections['scores']![name]!.size);
    disposeState(state);
  });

  test('refuses other data than those it was trained on', async () => {
    const other = await createRunDirectory(
      `${path}-2`,
      await override(recipe, ['data.trainLimit=63'], installed),
      {
        ...(await openSavedRun(path, installed)).directory.facts,
      },
    );
    const { open } = await openSavedRun(other.path, installed);
    await expect(open()).rejects.toMatchObject({ code: 'bad-data' });
  });

  test('says that a run without a checkpoint has to be trained first', async () => {
    const open = await openRun(recipe, installed);
    const empty = await createRunDirectory(`${path}-3`, recipe, factsOf(open, backend));
    const saved = await openSavedRun(empty.path, installed);
    expect(() => requireCheckpoint(saved)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});

describe('a run whose files were changed', () => {
  const copyOf = (name: string): string => {
    const copy = `${path}-${name}`;
    cpSync(path, copy, { recursive: true });
    return copy;
  };

  const flipped = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 4;
    writeFileSync(file, bytes);
  };

  test('the checkpoint before a damaged one is used, with a word about it', async () => {
    const copy = copyOf('cut');
    const file = join(copy, 'checkpoint.safetensors');
    truncateSync(file, 5000);
    const tell = vi.fn();
    const { state } = requireCheckpoint(await openSavedRun(copy, installed), tell);
    expect(state.step).toBe(8);
    expect(tell.mock.calls).toEqual([
      [expect.stringMatching(/checkpoint\.safetensors[^]*is whole: mini-batch 8/)],
    ]);
    disposeState(state);
    expect(readFileSync(file)).toHaveLength(5000);
  });

  test('the checkpoint before one with numbers that are none is used, with a word about it', async () => {
    const copy = copyOf('nan');
    const file = join(copy, 'checkpoint.safetensors');
    // Whole by its digests: somebody wrote it so.
    const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
    tensors['params/fc.weight']!.data[0] = Number.NaN;
    writeFileSync(file, encodeSafetensors(tensors, metadata));
    const tell = vi.fn();
    const { state } = requireCheckpoint(await openSavedRun(copy, installed), tell);
    expect(state.step).toBe(8);
    expect(tell.mock.calls).toEqual([
      [expect.stringMatching(/not finite in params\/fc\.weight[^]*is whole: mini-batch 8/)],
    ]);
    disposeState(state);
    rmSync(join(copy, 'checkpoint.previous.safetensors'));
    const saved = await openSavedRun(copy, installed);
    expect(() => requireCheckpoint(saved)).toThrow(expect.objectContaining({ code: 'non-finite' }));
  });

  test('with no whole checkpoint it is refused, and named', async () => {
    const copy = copyOf('both');
    for (const name of ['', '.previous']) truncateSync(join(copy, `checkpoint${name}.safetensors`), 5000);
    const saved = await openSavedRun(copy, installed);
    expect(() => saved.checkpoint()).toThrow(expect.objectContaining({ code: 'bad-file' }));
  });

  test.each([
    ['batchSize', '"batchSize": 16', '"batchSize": 8'],
    ['epochs', '"epochs": 3', '"epochs": 4'],
  ])('another %s is refused, and named', async (field, was, is) => {
    const copy = copyOf(field);
    const file = join(copy, 'recipe.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(was, is));
    await expect(openSavedRun(copy, installed)).rejects.toMatchObject({
      code: 'bad-recipe',
      message: expect.stringMatching(new RegExp(`${field}: \\d+, now \\d+`)),
    });
    await expect(continueSavedRun(copy, installed)).rejects.toMatchObject({ code: 'bad-recipe' });
    // Nothing is locked by what was refused.
    writeFileSync(file, readFileSync(file, 'utf8').replace(is, was));
    (await continueSavedRun(copy, installed)).directory.close();
  });

  test('a flipped bit of a weight is noticed', async () => {
    const copy = copyOf('flipped');
    flipped(join(copy, 'checkpoint.safetensors'));
    const tell = vi.fn();
    disposeState(requireCheckpoint(await openSavedRun(copy, installed), tell).state);
    expect(tell).toHaveBeenCalledTimes(1);
  });
});

test('a run of format 1 is opened, and goes on from its checkpoint', async () => {
  const copy = `${path}-format-1`;
  cpSync(path, copy, { recursive: true });
  const { use: _, select: __, ...modulation } = recipe.method;
  const { network: ___, task: ____, method: _____, format: ______, ...others } = recipe;
  const { use: _______, ...data } = recipe.data;
  const old = {
    ...others,
    method: 'ma-net',
    tnet: { name: 'resnet-test', modulateStem: false, modulateClassifier: true },
    data: { name: 'digits', ...data },
    labelSmoothing: 0,
    modulation,
  };
  const facts = JSON.parse(readFileSync(join(copy, 'run.json'), 'utf8')) as {
    data: Record<string, { name: string; samples: number; fingerprint: string }>;
    known: unknown;
  };
  const splits = Object.entries(facts.data).map(([split, { name, samples, fingerprint }]) => [
    split,
    { name, images: samples, fingerprint },
  ]);
  const { known: ________, ...before } = facts;
  const oldFacts = { ...before, recipe: old, data: Object.fromEntries(splits) };
  writeFileSync(join(copy, 'recipe.json'), JSON.stringify(old));
  writeFileSync(join(copy, 'run.json'), JSON.stringify(oldFacts));
  cpSync(join(copy, 'checkpoint.previous.safetensors'), join(copy, 'checkpoint.safetensors'));

  const { open: opening, checkpoint, directory } = await continueSavedRun(copy, installed);
  const open = await opening();
  const { state, source } = checkpoint()!;
  expect(state.step).toBe(8);
  open.source.restore(source);
  await fit({
    ...runOf(open),
    state,
    save: async (s) => directory.saveCheckpoint(await encodeCheckpoint(s, open.source, open.network)),
    listen: () => undefined,
  });
  disposeState(state);
  directory.close();
  const [end, whole] = [copy, path].map((run) => readFileSync(join(run, 'checkpoint.safetensors')));
  expect(end!.equals(whole!)).toBe(true);
});

test('a recipe is moved to another folder of its data without a change', () => {
  expect(withData(recipe, '/there')).toEqual({ ...recipe, data: { ...recipe.data, path: '/there' } });
});

test('what is exported says which network it is and how images become its input', async () => {
  const saved = await openSavedRun(path, installed);
  const { state } = requireCheckpoint(saved);
  const decision = await decide(saved.run, state, { dense: true });
  const facts = networkFacts(saved.run, decision);
  expect(facts.network).toMatchObject({ use: '@ma-net/tnet#zoo', name: 'resnet-test' });
  expect(facts.shapes).toEqual({ images: [8, 8, 1] });
  expect(facts.classNames).toEqual([...'0123456789']);
  const network = await prepare(saved.run, state, decision, { again: false, open: saved.open });
  const open = await saved.open();
  const classes = await predictions(network, open);
  const { test: truth } = await readDigits({ trainLimit: 64, testLimit: 40 });
  const right = classes.filter((c, i) => c === truth.labels[i]).length;
  expect((await testMeasures(network, open))['top1']).toBe(right / 40);
  expect(await secondsPerImage(network, open, 1)).toBeGreaterThan(0);
  disposeState(state);
});

test('a resumption is recorded with its mini-batch and what it ran on', () => {
  expect(resumption(7, backend)).toMatchObject({ step: 7, backend: 'cpu', device: backend.device });
});
