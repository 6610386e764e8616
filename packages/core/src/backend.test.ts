import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type BackendAdapter,
  chooseBackend,
  currentBackend,
  type Probe,
  refusalOf,
  type RunningBackend,
  startBackend,
  sync,
} from './backend.ts';

function adapter(
  name: string,
  priority: number,
  probe: Probe | (() => Promise<Probe>) = { ok: true, device: name },
  start?: () => Promise<RunningBackend>,
): BackendAdapter & { synced: number } {
  const self = {
    name,
    priority,
    tolerance: { rtol: 0, atol: 0 },
    synced: 0,
    probe: () => (typeof probe === 'function' ? probe() : Promise.resolve(probe)),
    start:
      start ??
      ((): Promise<RunningBackend> =>
        Promise.resolve({
          name,
          device: name,
          sync: () => {
            self.synced++;
            return Promise.resolve();
          },
          facts: () => ({}),
          counters: () => ({}),
        })),
  };
  return self;
}

describe('before a backend is started', () => {
  beforeEach(() => vi.resetModules());

  test('there is none to wait for', async () => {
    const fresh = await import('./backend.ts');
    const missing = {
      code: 'backend-unavailable',
      message: expect.stringContaining('startBackend') as string,
    };
    expect(() => fresh.currentBackend()).toThrow(expect.objectContaining(missing));
    await expect(fresh.sync()).rejects.toMatchObject(missing);
  });
});

test('sync waits for the backend started last', async () => {
  const [first, second] = [adapter('first', 1), adapter('second', 1)];
  await startBackend(first);
  await sync();
  const running = await startBackend(second);
  await sync();
  await sync();
  expect([first.synced, second.synced]).toEqual([1, 2]);
  expect(currentBackend()).toBe(running);
});

describe('chooseBackend', () => {
  const no = (reason: string, hint?: string): Probe => ({
    ok: false,
    reason,
    ...(hint === undefined ? {} : { hint }),
  });
  const failing =
    (message: string): (() => Promise<RunningBackend>) =>
    () =>
      Promise.reject(new Error(message));

  test('auto takes the highest priority that can run', async () => {
    const adapters = [adapter('slow', 0), adapter('fast', 9, no('no GPU')), adapter('middle', 5)];
    expect((await chooseBackend(adapters)).name).toBe('middle');
    expect(currentBackend().name).toBe('middle');
  });

  test('auto goes on when a start fails', async () => {
    const adapters = [adapter('slow', 0), adapter('fast', 9, undefined, failing('driver too old'))];
    expect((await chooseBackend(adapters)).name).toBe('slow');
  });

  test('auto probes no further than it has to', async () => {
    const probed = vi.fn(() => Promise.resolve(no('never')));
    await chooseBackend([adapter('slow', 0, probed), adapter('fast', 9)]);
    expect(probed).not.toHaveBeenCalled();
  });

  test('auto passes a software renderer over, but a name takes it', async () => {
    const adapters = [
      adapter('cpu', 0),
      adapter('webgpu', 9, { ok: true, device: 'SwiftShader', software: true }),
    ];
    expect((await chooseBackend(adapters)).name).toBe('cpu');
    expect((await chooseBackend(adapters, 'webgpu')).name).toBe('webgpu');
  });

  test('a name takes that one, or fails with its reason', async () => {
    const adapters = [adapter('slow', 0), adapter('fast', 9, no('no GPU', 'install one'))];
    expect((await chooseBackend(adapters, 'slow')).name).toBe('slow');
    await expect(chooseBackend(adapters, 'fast')).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: expect.stringContaining('fast     no GPU (install one)') as string,
    });
  });

  test('when none can start, every reason is listed, by priority', async () => {
    const adapters = [
      adapter('a', 1, no('has no device')),
      adapter('b', 3, no('is not installed', 'npm i b')),
      adapter('c', 2, undefined, failing('ran out of memory')),
      adapter('d', 0, { ok: true, device: 'llvmpipe', software: true }),
    ];
    const error: unknown = await chooseBackend(adapters).catch((e: unknown) => e);
    const lines = (error as Error).message.split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'No backend could start.',
      '  b        is not installed (npm i b)',
      '  c        ran out of memory',
      '  a        has no device',
      '  d        llvmpipe is a software renderer (pass --backend d to use it anyway)',
    ]);
    expect(lines[5]).toMatch(/^ {2}hint: /);
  });

  test('a name that nobody has is answered with those that there are', async () => {
    await expect(chooseBackend([adapter('cpu', 0), adapter('webgpu', 1)], 'webgp')).rejects.toMatchObject({
      code: 'unknown-name',
      message: expect.stringMatching(/did you mean "webgpu"\? known: auto, cpu, webgpu/) as string,
    });
  });
});

test('threads go to a backend that has a choice of them, within its range', async () => {
  const given: unknown[] = [];
  const some = (name: string, priority: number, threads?: number): BackendAdapter => {
    const made = adapter(name, priority);
    const start: BackendAdapter['start'] = (options) => {
      given.push(options?.threads);
      return made.start();
    };
    return { ...made, ...(threads === undefined ? {} : { threads }), start };
  };
  const adapters = [some('one', 0, 1), some('many', 1, 8), some('gpu', 2)];
  expect((await chooseBackend(adapters)).name).toBe('gpu');
  // auto then means one that can be told.
  expect((await chooseBackend(adapters, 'auto', { threads: 1 })).name).toBe('many');
  expect(given).toEqual([undefined, 1]);
  for (const [name, threads] of [
    ['one', 2],
    ['many', 9],
    ['gpu', 1],
  ] as const)
    await expect(chooseBackend(adapters, name, { threads })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(`not ${threads}`) as string,
    });
  for (const threads of [0, -1, 1.5])
    await expect(chooseBackend(adapters, 'auto', { threads })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(`No backend computes with ${threads} threads`) as string,
    });
});

test('refusalOf is silent about what may be taken', () => {
  expect(refusalOf({ name: 'x' }, { ok: true, device: 'd' })).toBeUndefined();
  expect(refusalOf({ name: 'x' }, { ok: true, device: 'd', software: true }, 'x')).toBeUndefined();
  expect(refusalOf({ name: 'x' }, { ok: false, reason: 'r' })).toBe('r');
});
