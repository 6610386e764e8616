// Residual networks with attention beside everything else that networks go through.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { exportOnnx, runOnnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { maNet } from '@ma-net/method-ma-net';
import { type AttentionChoice, createTNet } from '@ma-net/tnet';
import { initialState, openMethod } from '@ma-net/trainer';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomImages, smallOptions, smallTask } from '../test/small-task.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const folder = mkdtempSync(join(tmpdir(), 'ma-net-attention-'));
const choices: readonly AttentionChoice[] = [
  { kind: 'se', reduction: 2 },
  { kind: 'spse', reduction: 2 },
  { kind: 'rgse', reduction: 2 },
  { kind: 'self-attentive-pooling' },
];

describe.each(choices.map((choice) => [choice.kind, choice] as const))('%s', (kind, attention) => {
  test('computes in an ONNX file what it computes here', async () => {
    const network = await createTNet('resnet-test', { numClasses: 3, attention });
    const { params, stats } = network.init(Rng.fromSeed(1));
    const shape = network.inputs[0]!.shape;
    const model = await exportOnnx(
      ({ images }) => network.forward(params, stats, { images: images! }, { training: false }).outputs,
      { inputs: { images: { shape: ['batch', ...shape] } }, parameters: params },
    );
    const path = join(folder, `${kind}.onnx`);
    writeFileSync(path, model);
    for (const batch of [1, 3]) {
      const images = randomImages(network, batch, 4);
      const given = { data: (await images.data()) as Float32Array, shape: [batch, ...shape] };
      const { logits } = network.forward(params, stats, { images }, { training: false }).outputs;
      const want = await logits.data();
      const found = await runOnnx(path, { images: given });
      found['logits']!.data.forEach((value, k) => expect(value).toBeCloseTo(want[k]!, 4));
    }
  });

  test('is as it was when astrocytes begin', async () => {
    const network = await createTNet('resnet-test', { numClasses: 3, attention });
    const mnet = { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 };
    const method = maNet({ plainRounds: 1, astrocyteIterations: 1, mnet });
    const options = smallOptions(12);
    const { training } = openMethod(method, smallTask(network), { batchesPerEpoch: 1 }, options);
    const { sections } = initialState(smallTask(network), training, 0);
    const round = training.rounds.find(({ kind: of }) => of === 'neurons')!;
    // The ramps are where they start: nothing competes, and nobody is dead.
    const { replaced } = (await training.before!(1, { ...round, start: 1 }, sections))!;
    const weights = training.weights({ ...sections, ...replaced });
    expect(Object.keys(replaced['gates']!).some((name) => /\.(se|pool)\./.test(name))).toBe(true);
    for (const [name, value] of Object.entries(sections.params)) {
      const [now, before] = await Promise.all([weights[name]!.data(), value.data()]);
      now.forEach((w, i) => expect(w).toBeCloseTo(before[i]!, 6));
    }
  });
});
