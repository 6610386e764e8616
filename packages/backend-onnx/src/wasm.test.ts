// The engine in WebAssembly: where npm left the library for the machine out, or where it has no binary.

import { startBackend } from '@ma-net/core';
import { conformance } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createOnnxBackend } from './adapter.ts';
import { probe } from './probe.ts';

const wasm = createOnnxBackend({ provider: 'wasm' });

conformance(wasm);

test('it says what it is, and keeps the threads that it began with', async () => {
  expect(await probe('wasm')).toMatchObject({ ok: true, device: expect.stringMatching(/WebAssembly$/) });
  const running = await startBackend(wasm);
  expect(running.facts()).toEqual({
    runtime: expect.stringMatching(/^\d+\.\d+/),
    provider: 'wasm',
    threads: 1,
  });
  const x = tf.tensor1d([1, 2]);
  const again = await startBackend(wasm, { threads: 2 });
  expect(again.facts()).toEqual(running.facts());
  expect([...(await tf.square(x).data())]).toEqual([1, 4]);
});
