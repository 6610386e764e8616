import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import { disposeState, type TrainingEvent, type TrainingState } from '@ma-net/trainer';
import { beforeAll, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { bestState, knownBest } from './best-state.ts';
import { openRun } from './open.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const evaluation = (
  step: number,
  top1: number,
  set: 'validation' | 'test' = 'test',
): TrainingEvent & { readonly type: 'evaluation' } => ({
  type: 'evaluation',
  step,
  set,
  measures: { top1 },
});
const masks = (step: number, died: number, revived = 0): TrainingEvent => ({
  type: 'masks',
  step,
  kept: 5,
  connections: 10,
  died,
  revived,
  removedParams: 0,
});
const beginning = { step: 0, metrics: [] };

test('keeps the best state since the masks changed, and knows it again', async () => {
  const open = await openRun(
    await changed(
      'network.name=resnet-test',
      'data.trainLimit=32',
      'data.testLimit=16',
      'batchSize=8',
      'method=plain',
    ),
    installed,
  );
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-best-'));
  const keeper = bestState(folder, open, beginning);
  const at = (step: number): TrainingState => ({ ...state, step });
  const state = open.start();
  expect(keeper.best()).toBeUndefined();
  await keeper.listen(evaluation(1, 0.5), at(1));
  await keeper.listen(evaluation(2, 0.4), at(2));
  expect(keeper.best()).toEqual({ step: 1, value: 0.5 });
  // Nobody died: the states are alike.
  await keeper.listen(masks(3, 0), at(3));
  await keeper.listen(evaluation(3, 0.6), at(3));
  // Of equal ones the later.
  await keeper.listen(evaluation(4, 0.6), at(4));
  expect(keeper.best()).toEqual({ step: 4, value: 0.6 });
  const best = keeper.load();
  expect(best.step).toBe(4);
  for (const [name, value] of Object.entries(state.sections.params))
    expect(await best.sections.params[name]!.data()).toEqual(await value.data());
  disposeState(best);

  const lines = [{ ...masks(3, 2) }, { ...evaluation(4, 0.6) }];
  expect(bestState(folder, open, { step: 4, metrics: lines }).best()).toEqual({ step: 4, value: 0.6 });
  // Not where the run goes on before it, or with other masks.
  expect(bestState(folder, open, { step: 3, metrics: [] }).best()).toBeUndefined();
  expect(bestState(folder, open, { step: 9, metrics: [{ ...masks(8, 0, 1) }] }).best()).toBeUndefined();

  await keeper.listen(masks(5, 1), at(5));
  expect(keeper.best()).toBeUndefined();
  expect(existsSync(join(folder, 'best.json'))).toBe(false);
  await keeper.listen(evaluation(6, 0.1), at(6));
  expect(keeper.best()).toEqual({ step: 6, value: 0.1 });
  disposeState(state);
});

test('a note that is none is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-best-'));
  expect(knownBest(folder)).toBeUndefined();
  writeFileSync(join(folder, 'best.safetensors'), '');
  writeFileSync(join(folder, 'best.json'), '{"step":"one"}');
  expect(() => knownBest(folder)).toThrow(expect.objectContaining({ code: 'bad-file' }));
});

test('chooses by what is held out, and not by the test images', async () => {
  const open = await openRun(
    await changed(
      'network.name=resnet-test',
      'data.trainLimit=64',
      'data.validation=0.3',
      'batchSize=8',
      'method=plain',
    ),
    installed,
  );
  const keeper = bestState(mkdtempSync(join(tmpdir(), 'ma-net-best-')), open, beginning);
  const state = open.start();
  await keeper.listen(evaluation(1, 0.5, 'validation'), state);
  await keeper.listen(evaluation(2, 0.9, 'test'), state);
  expect(keeper.best()).toEqual({ step: 1, value: 0.5 });
  disposeState(state);
});
