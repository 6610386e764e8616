import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onnx } from '@ma-net/backend-onnx';
import { startBackend } from '@ma-net/core';
import { decodeNetwork } from '@ma-net/export';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Progress, Settings } from './messages.ts';
import {
  type Digits,
  digitsNetwork,
  disposeTrained,
  fileOf,
  logitsOf,
  openDigits,
  ruleOf,
  train,
} from './training.ts';

let digits: Digits;

beforeAll(async () => {
  await startBackend(onnx, { threads: 1 });
  const file = fileURLToPath(import.meta.resolve('@ma-net/data/assets/digits.bin'));
  digits = await openDigits(readFileSync(file), { trainLimit: 640, testLimit: 100 });
});

const settings: Settings = { seed: 3, remove: 0.4, unit: 'channels', epochs: 4 };
const patient = { every: 0, signal: new AbortController().signal };

test('a training shows its connections, and ends with a smaller network of the same outputs', async () => {
  const told: Progress[] = [];
  const before = tf.memory().numTensors;
  const trained = (await train(digits, settings, { ...patient, listen: (p) => void told.push(p) }))!;
  const { outcome } = trained;
  expect(told[0]).toMatchObject({ type: 'start', budget: 40 });
  expect(told.filter(({ type }) => type === 'step')).toHaveLength(40);
  expect(told.filter(({ type }) => type === 'accuracy')).toHaveLength(4);

  const strengths = told.flatMap((p) => (p.type === 'strengths' ? [p.strengths] : [])).at(-1)!;
  const masks = told.flatMap((p) => (p.type === 'masks' ? [p] : [])).at(-1)!;
  const open = Object.values(strengths).reduce(
    (sum, row) => sum + row.filter((value) => value > 0).length,
    0,
  );
  expect(open).toBe(masks.kept);
  expect(masks.kept).toBeLessThan(masks.connections);

  const { before: whole, after } = outcome;
  expect(whole.parameters).toBe(
    (await digitsNetwork()).parameters.reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0),
  );
  expect(after.parameters).toBeLessThan(0.75 * whole.parameters);
  expect(after.bytes).toBeLessThan(whole.bytes);
  expect(after.macs).toBeLessThan(whole.macs);
  expect(after.top1).toBe(whole.top1);
  expect(outcome.difference).toBeLessThan(1e-4);
  expect(outcome.cuts.every(({ kept, of }) => kept < of)).toBe(true);

  const pixels = Float32Array.from(digits.splits.test.images.subarray(0, 128), (level) => level / 16);
  const again = await decodeNetwork(await fileOf(trained, 'safetensors'));
  expect(await logitsOf(again, pixels)).toEqual(await logitsOf(trained.network, pixels));
  expect((await fileOf(trained, 'onnx')).length).toBeGreaterThan(4 * after.parameters);
  tf.dispose([again.params, again.stats] as tf.TensorContainer);
  disposeTrained(trained);
  expect(tf.memory().numTensors).toBe(before);
}, 120_000);

test('a training that is stopped ends with nothing, and frees what it had', async () => {
  const before = tf.memory().numTensors;
  const stopping = new AbortController();
  const steps: number[] = [];
  const listen = (progress: Progress): void => {
    if (progress.type !== 'step') return;
    steps.push(progress.step);
    if (progress.step === 2) stopping.abort();
  };
  expect(await train(digits, settings, { every: 0, signal: stopping.signal, listen })).toBeUndefined();
  expect(steps).toEqual([1, 2]);
  expect(tf.memory().numTensors).toBe(before);
});

test('what goes is channels of the whole network, or connections of the modulated part', () => {
  expect(ruleOf({ unit: 'channels', remove: 0.3 })).toMatchObject({
    unit: 'neuron',
    remove: 0.3,
    cost: 'params',
  });
  expect(ruleOf({ unit: 'connections', remove: 0.3 })).toEqual({ mode: 'target', removeModulated: 0.3 });
});
