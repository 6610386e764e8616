import { cpu } from '@ma-net/backend-cpu';
import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { EPOCH, moved, setup, values } from '../test/short-run.ts';
import { disposeState, fit, type TrainingEvent } from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

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

  test('what is held out is measured in between, the test images once, at the end; weights know of neither', async () => {
    const trained = async (held: boolean) => {
      const { run, start } = await setup('ma-net');
      const state = start();
      const [seen, looked]: [string[], string[]] = [[], []];
      const looking = (set: string) => () => (looked.push(set), run.evaluationBatches!());
      await fit({
        ...run,
        state,
        evaluationBatches: looking('test'),
        ...(held ? { validationBatches: looking('validation') } : {}),
        listen: (event) => void (event.type === 'evaluation' && seen.push(`${event.set} ${event.step}`)),
      });
      const weights = await values(state.sections.params);
      disposeState(state);
      expect(looked).toEqual(seen.map((line) => line.split(' ')[0]));
      return { seen, weights };
    };
    const [held, all] = [await trained(true), await trained(false)];
    expect(held.seen).toEqual([...[6, 12, 18, 24, 30].map((step) => `validation ${step}`), 'test 30']);
    expect(all.seen).toEqual([6, 12, 18, 24, 30].map((step) => `test ${step}`));
    expect(held.weights).toEqual(all.weights);
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
