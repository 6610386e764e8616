import { type BatchSource, type Params, Rng, startBackend, type Task } from '@ma-net/core';
import { cpu } from '@ma-net/backend-cpu';
import {
  createImageSet,
  createStream,
  evaluationBatches,
  type ImageBatch,
  tensorBatches,
  toTensors,
} from '@ma-net/data';
import { createMNet, type MNet } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeCheckpoint,
  defaultModulation,
  disposeState,
  encodeCheckpoint,
  fit,
  initialState,
  type ModulationOptions,
  recalibrate,
  type Run,
  SECTIONS,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingState,
} from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const BATCH = 8;
const EPOCH = 6;

interface Setup {
  readonly run: Omit<Run<ImageBatch>, 'state' | 'listen'>;
  readonly task: Task<ImageBatch>;
  readonly source: BatchSource<ImageBatch>;
  readonly mnet: MNet | undefined;
  start(): TrainingState;
}

/** A tiny ResNet on random images of three classes that differ in brightness. */
async function setup(
  method: TrainingOptions['method'],
  modulation: Partial<ModulationOptions> = {},
  budget = 30,
): Promise<Setup> {
  const rng = Rng.fromSeed(7);
  const labels = Int32Array.from({ length: BATCH * EPOCH }, () => rng.integer(3));
  const images = Uint8Array.from(
    { length: labels.length * 64 },
    (_, i) => 60 * labels[Math.floor(i / 64)]! + rng.integer(90),
  );
  const set = await createImageSet({
    name: 'bright',
    images,
    labels,
    shape: [8, 8, 1],
    classNames: ['dark', 'grey', 'light'],
    white: 255,
    normalisation: { mean: [0.4], std: [0.2] },
  });
  const stream = createStream(set, {
    batchSize: BATCH,
    rng: Rng.fromSeed(1),
    augment: { flip: true, padCrop: 1 },
  });
  const network = await createTNet('resnet-test', { numClasses: 3, inputShape: [8, 8, 1] });
  const mnet =
    method === 'plain'
      ? undefined
      : createMNet(network.kernels, { astrocytes: 2, cells: 2, hidden: 8, rank: 4, bins: 4, heads: 2 });
  const task = classification(network);
  const source: BatchSource<ImageBatch> = {
    batchesPerEpoch: stream.batchesPerEpoch,
    next: async () => toTensors(stream.next()),
    state: () => stream.state(),
    restore: (state) => stream.restore(state as never),
    close: async () => undefined,
  };
  const options: TrainingOptions = {
    seed: 5,
    budget,
    method,
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    learningRate: 0.05,
    schedule: { name: 'cosine' },
    modulation: {
      ...defaultModulation,
      plainRounds: 1,
      prune: { mode: 'target', removeModulated: 0.5 },
      astrocyteIterations: 2,
      refresh: 2,
      ...modulation,
    },
  };
  const run = {
    task,
    source,
    options,
    evaluationBatches: () => tensorBatches(evaluationBatches(set, 16)),
    ...(mnet === undefined ? {} : { mnet }),
  };
  return {
    run,
    task,
    source,
    mnet,
    start: () => initialState(task, method === 'ma-net' ? mnet : undefined, 5),
  };
}

async function values(params: Params): Promise<Record<string, number[]>> {
  const entries = Object.entries(params).map(
    async ([name, t]): Promise<[string, number[]]> => [name, Array.from(await t.data())],
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function allValues(state: TrainingState): Promise<unknown> {
  const sections = await Promise.all(
    SECTIONS.map(async (section) => [section, await values(state[section])] as const),
  );
  return { step: state.step, pointer: state.pointer, ...Object.fromEntries(sections) };
}

/** Names whose values differ. */
function moved(before: Record<string, number[]>, after: Record<string, number[]>): string[] {
  return Object.keys(after).filter((name) => before[name]?.join() !== after[name]!.join());
}

const withoutTime = (events: readonly TrainingEvent[]): unknown[] =>
  events.map((e) => ({ ...e, seconds: 0 }));

describe('Algorithm 1', () => {
  test('an astrocyte round leaves W alone and moves one astrocyte and the shared parameters at a time', async () => {
    const { run, mnet, start } = await setup('ma-net', {}, 45);
    const state = start();
    let [w, phi] = [await values(state.params), await values(state.phi)];
    let seenAstrocyteSteps = 0;
    await fit({
      ...run,
      state,
      listen: async (event) => {
        if (event.type !== 'step') return;
        const [nextW, nextPhi] = [await values(state.params), await values(state.phi)];
        const [movedW, movedPhi] = [moved(w, nextW), moved(phi, nextPhi)];
        if (event.round.kind === 'astrocytes') {
          expect(movedW).toEqual([]);
          const j = (state.pointer - 1) % 2;
          // What an astrocyte's parameters cannot influence yet (zeroed head) may keep its value, but no
          // parameter outside the active ones may move.
          const active = mnet!.active(state.pointer - 1);
          expect(movedPhi.filter((name) => !active.includes(name))).toEqual([]);
          expect(movedPhi.some((name) => name.startsWith(`astro.${1 - j}.`))).toBe(false);
          expect(movedPhi).toContain('gamma');
          seenAstrocyteSteps++;
        } else {
          expect(movedPhi).toEqual([]);
          expect(movedW).toEqual(Object.keys(nextW));
        }
        [w, phi] = [nextW, nextPhi];
      },
    });
    expect(seenAstrocyteSteps).toBeGreaterThanOrEqual(4);
    expect(state.pointer).toBe(seenAstrocyteSteps);
    disposeState(state);
  });

  test('uses exactly the budget, in the order of the rounds', async () => {
    const { run, start } = await setup('ma-net', {}, 30);
    const kinds: string[] = [];
    let taken = 0;
    const source = { ...run.source, next: () => (taken++, run.source.next()) };
    await fit({
      ...run,
      source,
      state: start(),
      listen: (e) => void (e.type === 'step' && kinds.push(e.round.kind[0]!)),
    });
    expect(taken).toBe(30);
    // 6 plain; round 1 is odd, so W: 6; then 2 Phi and 6 W; then 2 Phi and what is left, 8 < 10: with W.
    expect(kinds.join('')).toBe('ppppppnnnnnnaannnnnnnnnnnnnnnn');
  });

  test('connections die, and masks are renewed at the beginning of rounds only', async () => {
    const { run, start } = await setup('ma-net', {}, 60);
    const state = start();
    const renewals: number[] = [];
    let last: TrainingEvent | undefined;
    const starts: number[] = [];
    await fit({
      ...run,
      state,
      listen: (e) => {
        if (e.type === 'round') starts.push(e.step);
        if (e.type === 'masks') {
          renewals.push(e.step);
          last = e;
        }
      },
    });
    expect(renewals.every((step) => starts.includes(step))).toBe(true);
    const modulated = run.task.network.kernels.reduce(
      (sum, k) => sum + k.area * k.preNeurons * k.postNeurons,
      0,
    );
    const { removedParams } = last as Extract<TrainingEvent, { type: 'masks' }>;
    expect(removedParams).toBeGreaterThan(0.4 * modulated);
    expect(removedParams).toBeLessThanOrEqual(0.5 * modulated);
    disposeState(state);
  });

  test('the plain phase does not depend on the method', async () => {
    const outcomes = await Promise.all(
      (['plain', 'magnitude', 'ma-net'] as const).map(async (method) => {
        const { run, start } = await setup(method, { plainRounds: 1 }, 30);
        const losses: number[] = [];
        await fit({ ...run, state: start(), listen: (e) => void (e.type === 'step' && losses.push(e.loss)) });
        return losses.slice(0, EPOCH);
      }),
    );
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  test('learns', async () => {
    const { run, start } = await setup('ma-net', {}, 60);
    let measures: Readonly<Record<string, number>> = {};
    await fit({
      ...run,
      state: start(),
      listen: (e) => void (e.type === 'evaluation' && (measures = e.measures)),
    });
    expect(measures['top1']).toBeGreaterThan(0.8);
  });
});

describe('resuming', () => {
  test.each([
    ['plain', {}],
    ['magnitude', {}],
    ['ma-net', {}],
    ['ma-net', { alternate: false }],
    ['ma-net', { attach: true }],
    ['ma-net', { feedback: false, cut: 'soft' }],
    ['ma-net', { memory: 'reset', strength: 0 }],
    ['ma-net', { prune: { mode: 'delta', delta: 0.1, kappa: 0.5 }, competition: 8, maskEvery: 'iteration' }],
  ] as const)('%s %j: at any mini-batch it continues bit for bit', async (method, modulation) => {
    const whole = await setup(method, modulation);
    const state = whole.start();
    const events: TrainingEvent[] = [];
    const checkpoints: { step: number; bytes: Uint8Array; events: number }[] = [];
    await fit({
      ...whole.run,
      state,
      saveEvery: 7,
      save: async (s) => {
        checkpoints.push({
          step: s.step,
          bytes: await encodeCheckpoint(s, whole.source, whole.task.network),
          events: events.length,
        });
      },
      listen: (e) => void (e.type !== 'checkpoint' && events.push(e)),
    });
    const end = await allValues(state);
    expect(checkpoints.map((c) => c.step)).toEqual([7, 14, 21, 28, 30]);

    for (const checkpoint of checkpoints.slice(0, -1)) {
      const again = await setup(method, modulation);
      const restored = decodeCheckpoint(
        checkpoint.bytes,
        again.task.network,
        method === 'ma-net' ? again.mnet : undefined,
        'memory',
      );
      again.source.restore(restored.source);
      const rest: TrainingEvent[] = [];
      await fit({ ...again.run, state: restored.state, listen: (e) => void rest.push(e) });
      expect(withoutTime(rest.slice(1))).toEqual(withoutTime(events.slice(checkpoint.events)));
      expect(await allValues(restored.state)).toEqual(end);
      disposeState(restored.state);
    }
    disposeState(state);
  });

  test('a checkpoint of another network is refused, naming what differs', async () => {
    const { task, source, start } = await setup('plain');
    const bytes = await encodeCheckpoint(start(), source, task.network);
    const other = await createTNet('resnet-test', { numClasses: 4, inputShape: [8, 8, 1] });
    expect(() => decodeCheckpoint(bytes, other, undefined, 'old/checkpoint.safetensors')).toThrow(
      expect.objectContaining({
        code: 'network-mismatch',
        message: expect.stringMatching(/fc\.weight: expected \[8, 4\], found \[8, 3\]/),
      }),
    );
  });

  test('a safetensors file that is no checkpoint is refused', async () => {
    const { task } = await setup('plain');
    const { encodeSafetensors } = await import('@ma-net/core');
    expect(() => decodeCheckpoint(encodeSafetensors({}), task.network, undefined, 'x')).toThrow(
      expect.objectContaining({ code: 'bad-file' }),
    );
  });
});

describe('a run', () => {
  test.each(['plain', 'magnitude', 'ma-net'] as const)('%s leaves no tensor behind', async (method) => {
    const { run, start } = await setup(method, {}, 30);
    const state = start();
    await fit({ ...run, state, listen: () => undefined });
    disposeState(state);
    const second = start();
    const before =
      tf.memory().numTensors -
      Object.values(second).reduce(
        (n: number, s) => n + (typeof s === 'object' ? Object.keys(s).length : 0),
        0,
      );
    await fit({ ...run, state: second, listen: () => undefined });
    disposeState(second);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('stops after the current mini-batch when asked, saved', async () => {
    const { run, start } = await setup('ma-net');
    const state = start();
    const controller = new AbortController();
    const saves: number[] = [];
    let end: TrainingEvent | undefined;
    await fit({
      ...run,
      state,
      signal: controller.signal,
      save: async (s) => void saves.push(s.step),
      listen: (e) => {
        if (e.type === 'step' && e.step === 9) controller.abort();
        if (e.type === 'end') end = e;
      },
    });
    expect(end).toMatchObject({ reason: 'interrupted', step: 9 });
    expect(saves).toEqual([6, 9]);
  });

  test('a loss that is not finite ends it before anything is saved over', async () => {
    const { run, start } = await setup('plain');
    const saves: number[] = [];
    const options = { ...run.options, learningRate: 1e30 };
    await expect(
      fit({
        ...run,
        options,
        state: start(),
        saveEvery: 1,
        save: async (s) => void saves.push(s.step),
        listen: () => undefined,
      }),
    ).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/mini-batch \d+, round 0 \(plain\)/),
    });
    expect(saves.length).toBeLessThan(4);
  });
});

test('recalibrate gives the average of the batch statistics', async () => {
  const { run, task, start } = await setup('plain');
  const state = start();
  const batches = await Promise.all([run.source.next(), run.source.next(), run.source.next()]);
  const separate = batches.map(
    (batch) => task.loss(state.params, state.stats, batch, { training: true, momentum: 1 }).stats,
  );
  const stats = await recalibrate(task, state.params, batches);
  const name = 'bn1.running_mean';
  const expected = await Promise.all(separate.map((s) => s[name]!.data()));
  const got = await stats[name]!.data();
  got.forEach((value, c) =>
    expect(value).toBeCloseTo((expected[0]![c]! + expected[1]![c]! + expected[2]![c]!) / 3, 5),
  );
});
