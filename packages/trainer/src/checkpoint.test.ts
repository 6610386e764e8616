import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, encodeSafetensors, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { beforeAll, describe, expect, test } from 'vitest';
import { allValues, setup } from '../test/short-run.ts';
import { decodeCheckpoint, disposeState, encodeCheckpoint, fit, type TrainingEvent } from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const withoutTime = (events: readonly TrainingEvent[]): unknown[] =>
  events.map((e) => ({ ...e, seconds: 0 }));

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

  test.each(['plain', 'magnitude', 'ma-net'] as const)(
    '%s: from a checkpoint of format 1',
    async (method) => {
      const whole = await setup(method);
      const state = whole.start();
      let bytes = new Uint8Array();
      await fit({
        ...whole.run,
        state,
        saveEvery: 21,
        save: async (s) => {
          if (s.step === 21) bytes = new Uint8Array(await encodeCheckpoint(s, whole.source, whole.network));
        },
        listen: () => undefined,
      });
      disposeState(state);

      const again = await setup(method);
      const { state: restored, source } = decodeCheckpoint(asFormat1(bytes), again, 'old');
      again.source.restore(source);
      expect(await encodeCheckpoint(restored, again.source, again.network)).toEqual(bytes);
      disposeState(restored);
    },
  );

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
    expect(() => decodeCheckpoint(encodeSafetensors({}), whole, 'x')).toThrow(
      expect.objectContaining({ code: 'bad-file' }),
    );
  });
});

/** As it was written before methods had sections of their own: other names, every section in every run, and a pointer to the next astrocyte. */
function asFormat1(bytes: Uint8Array): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes, 'memory');
  const old = { 'params.optimizer': 'optimizer', 'phi.optimizer': 'phiOptimizer', scores: 'q' };
  const renamed = Object.entries(tensors).map(([path, tensor]): [string, typeof tensor] => {
    const [section, ...name] = path.split('/');
    return [[old[section as keyof typeof old] ?? section, ...name].join('/'), tensor];
  });
  const [first] = renamed.filter(([path]) => path.startsWith('params/'));
  const present = new Set(renamed.map(([path]) => path.split('/')[0]));
  // What a method does not have was there all the same, and could hold copies.
  const copies = ['q', 'gates'].filter((section) => !present.has(section));
  const all = [
    ...renamed,
    ...copies.map((section) => [`${section}/${first![0].slice(7)}`, first![1]] as const),
  ];
  const counters = JSON.parse(metadata['counters']!) as { step: number; source: unknown };
  return encodeSafetensors(Object.fromEntries(all), {
    'ma-net.checkpoint': '1',
    network: metadata['network']!,
    counters: JSON.stringify({ step: counters.step, pointer: 4, source: counters.source }),
  });
}
