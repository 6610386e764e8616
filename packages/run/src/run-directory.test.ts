import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainingEvent } from '@ma-net/trainer';
import { expect, test } from 'vitest';
import { continueRunDirectory, createRunDirectory, isOwnName, openRunDirectory } from './run-directory.ts';

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'ma-net-run-')), 'run');
const step = (n: number): TrainingEvent => ({
  type: 'step',
  step: n,
  round: { index: 0, kind: 'plain', start: 0, length: 9 },
  loss: 1 / n,
  terms: {},
  norms: { params: 1 },
  learningRate: 0.1,
  seconds: 1,
});

test('keeps recipe, facts, metrics and checkpoint', async () => {
  const path = fresh();
  const run = await createRunDirectory(path, { name: 'digits' }, { backend: 'cpu' });
  expect(run.checkpoints()).toEqual([]);
  await run.saveCheckpoint(Uint8Array.of(1, 2, 3));
  run.log(step(1));
  run.log({ type: 'checkpoint', step: 1 });
  const again = openRunDirectory(path);
  expect(again.recipe).toEqual({ name: 'digits' });
  expect(again.facts).toEqual({ backend: 'cpu', recipe: { name: 'digits' } });
  expect(Array.from(again.checkpoints()[0]!.bytes())).toEqual([1, 2, 3]);
  expect(again.metrics()).toEqual([step(1)]);
});

const round = (start: number): TrainingEvent => ({
  type: 'round',
  step: start + 1,
  round: { index: start, kind: 'plain', start, length: 2 },
});

test('forgets what a resumed run will log again, and half a last line', async () => {
  const path = fresh();
  const run = await createRunDirectory(path, {}, {});
  for (const event of [round(0), step(1), step(2), round(2), step(3)]) run.log(event);
  appendFileSync(join(path, 'metrics.jsonl'), '{"type":"st');
  run.close();
  await (await continueRunDirectory(path)).rewindMetrics(2);
  expect(run.metrics()).toEqual([round(0), step(1), step(2)]);
});

test('reads metrics that counted rounds and masks by the mini-batches before them', async () => {
  const path = fresh();
  const run = await createRunDirectory(path, {}, {});
  const older = (event: TrainingEvent): string => JSON.stringify({ ...event, step: event.step - 1 });
  const masks: TrainingEvent = {
    type: 'masks',
    step: 3,
    kept: 9,
    connections: 10,
    died: 1,
    revived: 0,
    removedParams: 9,
  };
  const lines = [
    older(round(0)),
    JSON.stringify(step(1)),
    JSON.stringify(step(2)),
    older(round(2)),
    older(masks),
  ];
  writeFileSync(join(path, 'metrics.jsonl'), `${[...lines, JSON.stringify(step(3))].join('\n')}\n`);
  expect(run.metrics()).toEqual([round(0), step(1), step(2), round(2), masks, step(3)]);
  await run.rewindMetrics(2);
  expect(run.metrics()).toEqual([round(0), step(1), step(2)]);
});

test('refuses a directory that holds a run, and one that does not', async () => {
  const path = fresh();
  await createRunDirectory(path, {}, {});
  await expect(createRunDirectory(path, {}, {})).rejects.toMatchObject({ code: 'bad-argument' });
  const mine = fresh();
  mkdirSync(mine);
  writeFileSync(join(mine, 'photo.jpg'), 'mine');
  await expect(createRunDirectory(mine, {}, {})).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringContaining('photo.jpg'),
  });
  expect(readdirSync(mine)).toEqual(['photo.jpg']);
  expect(() => openRunDirectory(fresh())).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test('opening a run deletes nothing', async () => {
  const path = fresh();
  await createRunDirectory(path, {}, {});
  for (const name of ['checkpoint.safetensors.1.tmp', 'notes.tmp']) writeFileSync(join(path, name), 'mine');
  const before = readdirSync(path);
  openRunDirectory(path);
  expect(readdirSync(path)).toEqual(before);
});

test('a damaged recipe is named', async () => {
  const path = fresh();
  await createRunDirectory(path, {}, {});
  writeFileSync(join(path, 'recipe.json'), '{');
  expect(() => openRunDirectory(path)).toThrow(
    expect.objectContaining({ code: 'bad-file', message: expect.stringContaining('recipe.json') }),
  );
});

test('what was killed while it was made can be made', async () => {
  const path = fresh();
  (await createRunDirectory(path, {}, {})).close();
  rmSync(join(path, 'recipe.json'));
  (await createRunDirectory(path, { name: 'again' }, {})).close();
  expect(openRunDirectory(path).recipe).toEqual({ name: 'again' });
});

test('is written by one at a time, while anybody may read it', async () => {
  const path = fresh();
  const run = await createRunDirectory(path, {}, {});
  await expect(continueRunDirectory(path)).rejects.toMatchObject({ code: 'locked' });
  expect(openRunDirectory(path).recipe).toEqual({});
  run.close();
  const next = await continueRunDirectory(path);
  await next.saveCheckpoint(Uint8Array.of(1));
  // The first has let go, and is told so before it changes anything.
  await expect(run.saveCheckpoint(Uint8Array.of(2))).rejects.toMatchObject({ code: 'locked' });
  expect(() => run.log(step(1))).toThrow(expect.objectContaining({ code: 'locked' }));
});

test('a run that is removed while it is written is told as such', async () => {
  const path = fresh();
  const run = await createRunDirectory(path, {}, {});
  rmSync(path, { recursive: true });
  await expect(run.saveCheckpoint(Uint8Array.of(1))).rejects.toMatchObject({ code: 'not-found' });
  expect(() => run.log(step(1))).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test.each([
  'null',
  '[]',
  '1',
  '{"data":null}',
  '{"data":{"train":null}}',
  '{"backend":1}',
  '{"resumed":{}}',
  '{"resumed":[null]}',
])('refuses %s as the facts of a run', async (text) => {
  const path = fresh();
  (await createRunDirectory(path, {}, {})).close();
  writeFileSync(join(path, 'run.json'), text);
  expect(() => openRunDirectory(path)).toThrow(expect.objectContaining({ code: 'bad-file' }));
});

test('knows its own names', () => {
  for (const name of [
    'recipe.json',
    'RUN.JSON',
    'metrics.jsonl',
    'checkpoint.safetensors',
    'checkpoint.previous.safetensors',
    'writer-0123456789abcdef.lock',
  ])
    expect(isOwnName(name)).toBe(true);
  for (const name of ['pruned.safetensors', 'network.onnx', 'notes.txt']) expect(isOwnName(name)).toBe(false);
});
