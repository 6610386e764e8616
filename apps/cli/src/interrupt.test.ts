import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { interruptible } from './interrupt.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Sends signals to a work that ends after them; tells whether it was asked to stop, and whether it was ended. */
async function sent(...signals: readonly (readonly [NodeJS.Signals, number])[]) {
  vi.restoreAllMocks();
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const asked = vi.fn();
  const aborted = await interruptible(asked, async (signal) => {
    for (const [name, wait] of signals) {
      await setTimeout(wait);
      process.emit(name, name);
    }
    return signal.aborted;
  });
  return { aborted, asked: asked.mock.calls.length, ended: exit.mock.calls.length > 0 };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s asks once', async (name) => {
  expect(await sent([name, 0])).toEqual({ aborted: true, asked: 1, ended: false });
});

test('a second Ctrl-C ends it, unless it is the same key passed on by npm', async () => {
  expect(await sent(['SIGINT', 0], ['SIGINT', 400])).toMatchObject({ ended: true });
  expect(await sent(['SIGINT', 0], ['SIGINT', 5])).toEqual({ aborted: true, asked: 1, ended: false });
});

test('a terminal that closes says so twice, and ends nothing', async () => {
  expect(await sent(['SIGHUP', 0], ['SIGHUP', 400], ['SIGTERM', 0])).toEqual({
    aborted: true,
    asked: 1,
    ended: false,
  });
});

test('nobody listens afterwards', async () => {
  await sent(['SIGHUP', 0]);
  expect(['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name))).toEqual([0, 0, 0]);
});
