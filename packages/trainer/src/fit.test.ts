import { cpu } from '@ma-net/backend-cpu';
import { magnitude, plain } from '@ma-net/baselines';
import { type BatchSource, type Method, type Params, Rng, startBackend, type Task } from '@ma-net/core';
import {
  createImageSet,
  createStream,
  evaluationBatches,
  type ImageBatch,
  tensorBatches,
  toTensors,
} from '@ma-net/data';
import { maNet, type MaNetOptions } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeCheckpoint,
  disposeState,
  encodeCheckpoint,
  fit,
  initialState,
  openMethod,
  recalibrate,
  type Resumable,
  type Run,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingState,
} from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const BATCH = 8;
const EPOCH = 6;

interface Setup extends Resumable {
  readonly options: TrainingOptions;
  readonly training: Run<ImageBatch>['training'];
  readonly run: Omit<Run<ImageBatch>, 'state' | 'listen'>;
  readonly task: Task<ImageBatch>;
  readonly network: Task<ImageBatch>['network'];
  readonly source: BatchSource<ImageBatch>;
  start(): TrainingState;
}

/** Every method, with options that fit a short run. */
const methods = {
  plain: () => plain(),
  magnitude: (options: Partial<MaNetOptions> = {}) => magnitude({ ...short, ...options }),
  'ma-net': (options: Partial<MaNetOptions> = {}) => maNet({ ...short, ...options }),
} satisfies Record<string, (options?: Partial<MaNetOptions>) => Method>;

const short: Pick<MaNetOptions, 'plainRounds' | 'prune' | 'astrocyteIterations' | 'refresh' | 'mnet'> = {
  plainRounds: 1,
  prune: { mode: 'target', removeModulated: 0.5 },
  astrocyteIterations: 2,
  refresh: 2,
  mnet: { astrocytes: 2, cells: 2, hidden: 8, rank: 4, bins: 4, heads: 2 },
};

/** A tiny ResNet on random images of three classes that differ in brightness. */
async function setup(
  name: keyof typeof methods,
  modulation: Partial<MaNetOptions> = {},
  budget = 30,
  given: Partial<TrainingOptions> = {},
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
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    learningRate: 0.05,
    schedule: { name: 'cosine' },
    ...given,
  };
  const { task, training } = openMethod(methods[name](modulation), classification(network), source, options);
  const run = {
    task,
    training,
    source,
    options,
    evaluationBatches: () => tensorBatches(evaluationBatches(set, 16)),
  };
  return { run, task, network, source, training, options, start: () => initialState(task, training, 5) };
}

async function values(params: Params): Promise<Record<string, number[]>> {
  const entries = Object.entries(params).map(
    async ([name, t]): Promise<[string, number[]]> => [name, Array.from(await t.data())],
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function allValues(state: TrainingState): Promise<unknown> {
  const sections = await Promise.all(
    Object.entries(state.sections).map(
      async ([section, tensors]) => [section, await values(tensors)] as const,
    ),
  );
  return { step: state.step, ...Object.fromEntries(sections) };
}

/** Names whose values differ. */
function moved(before: Record<string, number[]>, after: Record<string, number[]>): string[] {
  return Object.keys(after).filter((name) => before[name]?.join() !== after[name]!.join());
}

const withoutTime = (events: readonly TrainingEvent[]): unknown[] =>
  events.map((e) => ({ ...e, seconds: 0 }));

describe('Algorithm 1', () => {
  test('an astrocyte round leaves W alone and moves one astrocyte and the shared parameters at a time', async () => {
    const { run, start } = await setup('ma-net', {}, 45);
    const state = start();
    let [w, phi] = [await values(state.sections.params), await values(state.sections['phi']!)];
    let seenAstrocyteSteps = 0;
    await fit({
      ...run,
      state,
      listen: async (event) => {
        if (event.type !== 'step') return;
        const [nextW, nextPhi] = [await values(state.sections.params), await values(state.sections['phi']!)];
        const [movedW, movedPhi] = [moved(w, nextW), moved(phi, nextPhi)];
        if (event.round.kind === 'astrocytes') {
          expect(movedW).toEqual([]);
          const j = seenAstrocyteSteps % 2;
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
    const inner = run.task.network.kernels.slice(1, -1); // without stem and classifier
    const modulated = inner.reduce((sum, k) => sum + k.area * k.preNeurons * k.postNeurons, 0);
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
    ['ma-net', { throughDescriptors: true }],
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
          bytes: await encodeCheckpoint(s, whole.source, whole.network),
          events: events.length,
        });
      },
      listen: (e) => void (e.type !== 'checkpoint' && events.push(e)),
    });
    const end = await allValues(state);
    expect(checkpoints.map((c) => c.step)).toEqual([7, 14, 21, 28, 30]);

    for (const checkpoint of checkpoints.slice(0, -1)) {
      const again = await setup(method, modulation);
      const restored = decodeCheckpoint(checkpoint.bytes, again, 'memory');
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
    const whole = await setup('plain');
    const bytes = await encodeCheckpoint(whole.start(), whole.source, whole.network);
    const other = await createTNet('resnet-test', { numClasses: 4, inputShape: [8, 8, 1] });
    expect(() => decodeCheckpoint(bytes, { ...whole, network: other }, 'old/checkpoint.safetensors')).toThrow(
      expect.objectContaining({
        code: 'network-mismatch',
        message: expect.stringMatching(/fc\.weight: expected \[8, 4\], found \[8, 3\]/),
      }),
    );
  });

  test('a safetensors file that is no checkpoint is refused', async () => {
    const whole = await setup('plain');
    const { encodeSafetensors } = await import('@ma-net/core');
    expect(() => decodeCheckpoint(encodeSafetensors({}), whole, 'x')).toThrow(
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
      Object.values(second.sections).reduce((n, tensors) => n + Object.keys(tensors).length, 0);
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

  test('tells every term of the loss and the norm of every gradient', async () => {
    const { run, start } = await setup('ma-net');
    const seen = new Map<string, Set<string>>();
    const state = start();
    await fit({
      ...run,
      state,
      listen(event) {
        if (event.type !== 'step') return;
        const names = [...Object.keys(event.terms), ...Object.keys(event.norms).map((name) => `|${name}|`)];
        seen.set(event.round.kind, new Set([...(seen.get(event.round.kind) ?? []), ...names]));
        expect([...Object.values(event.terms), ...Object.values(event.norms)].every(Number.isFinite)).toBe(
          true,
        );
        const { data, regulariser } = event.terms;
        if (data !== undefined) expect(event.loss).toBeCloseTo(data + 0.1 * regulariser!, 5);
      },
    });
    disposeState(state);
    expect(Object.fromEntries(seen)).toEqual({
      plain: new Set(['top1', '|params|']),
      astrocytes: new Set(['top1', 'data', 'regulariser', '|phi|']),
      neurons: new Set(['top1', '|params|']),
    });
  });

  test('counts mini-batches one way: every event names the one that it belongs to', async () => {
    const { run, start } = await setup('ma-net');
    const events: TrainingEvent[] = [];
    const state = start();
    await fit({ ...run, state, save: async () => undefined, listen: (event) => void events.push(event) });
    disposeState(state);
    let step = 0;
    for (const event of events) {
      // Nothing is ever counted back, and what comes before a mini-batch has its number.
      expect(event.step).toBeGreaterThanOrEqual(step);
      step = event.step;
      if (event.type === 'round') expect(event.step).toBe(event.round.start + 1);
    }
    expect(events.filter(({ type }) => type === 'step').map((event) => event.step)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
  });

  test('frozen parameters stay, and clipping bounds what a step moves', async () => {
    const groups = [{ match: 'conv1.*', frozen: true }];
    const optimizer = { name: 'sgd', momentum: 0, weightDecay: 0 } as const;
    const { run, start } = await setup('plain', {}, 6, {
      groups,
      clip: 1e-3,
      optimizer,
      learningRate: 1,
      schedule: { name: 'constant' },
    });
    const state = start();
    let before = await values(state.sections.params);
    const first = before;
    await fit({
      ...run,
      state,
      async listen(event) {
        if (event.type !== 'step') return;
        const after = await values(state.sections.params);
        const moves = Object.entries(after).flatMap(([name, now]) =>
          now.map((w, i) => w - before[name]![i]!),
        );
        expect(Math.hypot(...moves)).toBeLessThan(1.1e-3);
        expect(event.norms['params']).toBeGreaterThan(1e-3);
        before = after;
      },
    });
    expect(moved(first, before)).not.toContain('conv1.weight');
    expect(moved(first, before)).toContain('fc.weight');
    disposeState(state);
  });
});

describe('numbers that are none', () => {
  /** The task with a loss whose gradient is NaN from mini-batch `at` on, while its value stays what it was. */
  const poisoned = (task: Task<ImageBatch>, at: number): Task<ImageBatch> => {
    let calls = 0;
    return {
      ...task,
      loss(outputs, batch, ctx) {
        const { loss, ...terms } = task.loss(outputs, batch, ctx);
        if (++calls < at) return { loss, ...terms };
        // sqrt(0) = 0, and its gradient is 1 / 0; times 0 that is NaN.
        const zero = tf.mul(outputs['logits']!, 0);
        return { ...terms, loss: tf.add(loss, tf.sum(tf.mul(tf.sqrt(zero), 0))) as tf.Scalar };
      },
    };
  };

  test('a gradient of NaN under a finite loss is refused before it is kept, and the checkpoint is whole', async () => {
    const whole = await setup('plain');
    const method: Method = { ...methods.plain(), wrap: (task) => poisoned(task as never, 9) as never };
    const { task, training } = openMethod(method, whole.task, whole.source, whole.options);
    const state = initialState(task, training, 5);
    const saved: { step: number; bytes: Uint8Array }[] = [];
    let [losses, last] = [0, await allValues(state)];
    const run = fit({
      ...whole.run,
      task,
      training,
      state,
      saveEvery: 4,
      save: async (s) => {
        saved.push({ step: s.step, bytes: await encodeCheckpoint(s, whole.source, whole.network) });
      },
      async listen(event) {
        if (event.type !== 'step') return;
        losses++;
        last = await allValues(state);
      },
    });
    await expect(run).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(
        /norm of the gradient of params became NaN[\s\S]*mini-batch 9, round 1[\s\S]*the checkpoint of mini-batch 8 is whole/,
      ),
    });
    expect(losses).toBe(8);
    // The state is that of the mini-batch before, to the bit, and so is what was saved of it.
    expect(await allValues(state)).toEqual(last);
    expect(saved.map(({ step }) => step)).toEqual([4, 8]);
    const restored = decodeCheckpoint(saved[1]!.bytes, whole, 'memory');
    expect(await allValues(restored.state)).toEqual(last);
  });

  test('a loss of NaN is refused before anything is saved over', async () => {
    const { run, start } = await setup('plain', {}, 30, { learningRate: 1e30 });
    const saves: number[] = [];
    await expect(
      fit({
        ...run,
        state: start(),
        saveEvery: 1,
        save: async (s) => void saves.push(s.step),
        listen: () => undefined,
      }),
    ).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/mini-batch \d+, round \d \(plain\)/),
    });
    expect(saves.length).toBeLessThan(4);
  });

  test('weights that an update of finite gradients made infinite are not saved', async () => {
    const whole = await setup('plain', {}, 30, { learningRate: 1e39 });
    const saves: number[] = [];
    const run = fit({
      ...whole.run,
      state: whole.start(),
      saveEvery: 1,
      save: async (s) => {
        await encodeCheckpoint(s, whole.source, whole.network);
        saves.push(s.step);
      },
      listen: () => undefined,
    });
    await expect(run).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/params\/[\s\S]*mini-batch 1/),
    });
    expect(saves).toEqual([]);
  });

  test('measures of NaN end a run before it is called trained', async () => {
    const { run, start } = await setup('plain', {}, 1, { learningRate: 1e38 });
    const types: string[] = [];
    const training = fit({
      ...run,
      state: start(),
      save: async () => undefined,
      listen: (event) => void types.push(event.type),
    });
    await expect(training).rejects.toMatchObject({
      code: 'non-finite',
      message: expect.stringMatching(/evaluation after mini-batch 1[\s\S]*nothing was saved yet/),
    });
    expect(types).toEqual(['start', 'round', 'step']);
  });

  test('a checkpoint that holds one is refused, by the name of the tensor', async () => {
    const whole = await setup('plain');
    const state = whole.start();
    const good = await encodeCheckpoint(state, whole.source, whole.network);
    const { decodeSafetensors, encodeSafetensors } = await import('@ma-net/core');
    const { tensors, metadata } = decodeSafetensors(good, 'memory');
    tensors['params/fc.weight']!.data[3] = Number.NaN;
    expect(() => decodeCheckpoint(encodeSafetensors(tensors, metadata), whole, 'old')).toThrow(
      expect.objectContaining({ code: 'non-finite', message: expect.stringContaining('params/fc.weight') }),
    );
  });
});

test('recalibrate gives the average of the batch statistics', async () => {
  const { run, task, start } = await setup('plain');
  const state = start();
  const batches = await Promise.all([run.source.next(), run.source.next(), run.source.next()]);
  const { params, stats: initial } = state.sections;
  const separate = batches.map(
    (batch) =>
      task.network.forward(params, initial, task.inputs(batch), { training: true, momentum: 1 }).stats,
  );
  const stats = await recalibrate(task, params, batches);
  const name = 'bn1.running_mean';
  const expected = await Promise.all(separate.map((s) => s[name]!.data()));
  const got = await stats[name]!.data();
  got.forEach((value, c) =>
    expect(value).toBeCloseTo((expected[0]![c]! + expected[1]![c]! + expected[2]![c]!) / 3, 5),
  );
});
