// The studio's worker: everything that computes. The page draws.

import { cpu } from '@ma-net/backend-cpu';
import { createOnnxBackend } from '@ma-net/backend-onnx';
import { webgpu } from '@ma-net/backend-webgpu';
import { type BackendAdapter, chooseBackend, MaNetError } from '@ma-net/core';
import { type Classifier, loadClassifier, type PageImage } from '@ma-net/export';
import digitsFile from '@ma-net/data/assets/digits.bin?url';
import { topClasses } from '@ma-net/task-classification';
import { expose } from 'comlink';
import type { Device, StudioWorker, Wish } from './messages.ts';
import {
  type Digits,
  digitsNetwork,
  disposeTrained,
  fileOf,
  logitsOf,
  openDigits,
  train,
  type Trained,
} from './training.ts';
import { wiringOf } from './wiring.ts';

/** Milliseconds between two pictures of the connections. */
const EVERY = 150;
/** More threads than this wait for each other more than they compute: the graphs are small. */
const MOST_THREADS = 2;

let device: Promise<Device> | undefined;
let digits: Promise<Digits> | undefined;
let trained: Trained | undefined;
let opened: Classifier<PageImage> | undefined;
let stopping = new AbortController();
/** What a paused training waits for. */
let pause: { readonly over: Promise<void>; end(): void } | undefined;

const readDigits = (): Promise<Digits> =>
  (digits ??= fetch(digitsFile)
    .then((response) => response.arrayBuffer())
    .then((buffer) => openDigits(new Uint8Array(buffer))));

async function startDevice({ backend, threads: wanted = bestThreads() }: Wish): Promise<Device> {
  const threads = self.crossOriginIsolated ? wanted : 1;
  const onnx = createOnnxBackend({ provider: 'wasm' });
  // Each is told as much as it takes: a GPU has no choice of threads.
  const told = (adapter: BackendAdapter): BackendAdapter => ({
    ...adapter,
    start: () => adapter.start(adapter === onnx ? { threads } : {}),
  });
  const running = await chooseBackend([webgpu, onnx, cpu].map(told), backend);
  return {
    backend: running.name,
    device: running.device,
    threads: Number(running.facts()['threads'] ?? 1),
  };
}

/** One core is the page's. */
const bestThreads = (): number => Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency - 1));

function requireTrained(): Trained {
  if (trained !== undefined) return trained;
  throw new MaNetError('not-found', 'No network was trained yet.', { hint: 'train one to its end first.' });
}

const studio: StudioWorker = {
  wiring: async () => wiringOf(await digitsNetwork()),
  start: (wish) =>
    (device ??= startDevice(wish).catch((error: unknown) => {
      device = undefined;
      throw error;
    })),

  async train(settings, listen) {
    stopping = new AbortController();
    const { signal } = stopping;
    studio.resume();
    const watched = {
      every: EVERY,
      signal,
      listen: async (progress: Parameters<typeof listen>[0]) => {
        // The page has seen it before the training goes on; meanwhile what it asks for is heard.
        await listen(progress);
        await pause?.over;
      },
    };
    const made = await train(await readDigits(), settings, watched);
    if (made === undefined) return undefined;
    if (trained !== undefined) disposeTrained(trained);
    trained = made;
    return made.outcome;
  },

  pause() {
    if (pause !== undefined) return;
    let end = (): void => undefined;
    pause = { over: new Promise((resolve) => (end = resolve)), end: () => end() };
  },
  resume() {
    pause?.end();
    pause = undefined;
  },
  stop() {
    stopping.abort();
    studio.resume();
  },

  async classify(pixels) {
    const { network, facts } = requireTrained();
    return topClasses(await logitsOf(network, pixels), facts.classNames, facts.classNames.length);
  },
  file: (format) => fileOf(requireTrained(), format),
  async digit(index) {
    const { test } = (await readDigits()).splits;
    const levels = test.images.subarray(index * 64, (index + 1) * 64);
    return { pixels: Float32Array.from(levels, (level) => level / test.white), label: test.labels[index]! };
  },

  async open(bytes) {
    const next = await loadClassifier(bytes);
    opened?.close();
    opened = next;
    return { classNames: next.classNames, shape: next.shape };
  },
  async ask(image) {
    if (opened === undefined)
      throw new MaNetError('not-found', 'No model was opened.', { hint: 'open a file first.' });
    return opened.classify(image);
  },
};

expose(studio);
