import { startBackend } from '@ma-net/core';
import { conformance } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { cpu } from './adapter.ts';

test('probing starts nothing; starting makes it the current backend, without tfjs talking', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const before = tf.engine().backendName;
  expect(await cpu.probe()).toEqual({ ok: true, device: 'plain JavaScript, one thread' });
  expect(tf.engine().backendName).toBe(before);
  const running = await startBackend(cpu);
  expect(running).toMatchObject({ name: 'cpu', device: 'plain JavaScript, one thread' });
  expect(running.counters()).toEqual({});
  const x = tf.zeros([2]);
  await running.sync();
  expect(tf.engine().backendName).toBe('cpu');
  expect(warn).not.toHaveBeenCalled();
  x.dispose();
  warn.mockRestore();
});

conformance(cpu);
