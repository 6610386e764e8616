// A run directory as its files, without a training: what a reader of any run may find.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const phases = [
  { index: 0, kind: 'plain', start: 0, length: 4 },
  { index: 1, kind: 'astrocytes', start: 4, length: 2 },
  { index: 2, kind: 'neurons', start: 6, length: 2 },
];

/** Lines of a training of eight mini-batches: its loss is 1/step. */
export const lines: readonly object[] = [
  ...phases.flatMap((round) => [
    { type: 'round', step: round.start + 1, round },
    ...(round.index === 0
      ? []
      : [
          {
            type: 'masks',
            step: round.start + 1,
            kept: 40 - 10 * round.index,
            connections: 40,
            died: 10,
            revived: 0,
            removedParams: 90,
            keptByKernel: [20 - 5 * round.index, 20 - 5 * round.index],
            channelsByKernel: [4, 6 - round.index],
          },
        ]),
    ...Array.from({ length: round.length }, (_, i) => {
      const step = round.start + i + 1;
      return {
        type: 'step',
        step,
        round,
        loss: 1 / step,
        terms: { top1: step / 10 },
        norms: {},
        learningRate: 1,
        seconds: 0.5,
      };
    }),
  ]),
  { type: 'evaluation', step: 8, set: 'test', measures: { top1: 0.75, loss: 0.5 } },
  { type: 'end', step: 8, reason: 'budget' },
];

export const recipe = {
  name: 'digits',
  seed: 0,
  method: { use: '@ma-net/method-ma-net#ma-net' },
  data: { use: 'd', path: '/somewhere' },
  epochs: 2,
};

export const facts = {
  versions: { 'ma-net': '0.1.0', node: 'v20' },
  machine: 'linux x64',
  backend: 'onnx',
  device: 'cpu',
  computing: { threads: 2 },
  network: {
    name: 'two',
    parameters: 400,
    kernels: [
      { param: 'a.weight', preNeurons: 4, postNeurons: 5 },
      { param: 'b.weight', preNeurons: 5, postNeurons: 4 },
    ],
  },
  data: { test: { samples: 100, fingerprint: 'f'.repeat(64) } },
};

/** Writes a run, and says where. */
export function writeRun(
  files: {
    readonly recipe?: unknown;
    readonly facts?: unknown;
    readonly lines?: readonly (object | string)[];
  } = {},
  folder = mkdtempSync(join(tmpdir(), 'ma-net-report-')),
  name = 'run',
): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'recipe.json'), JSON.stringify(files.recipe ?? recipe));
  writeFileSync(join(path, 'run.json'), JSON.stringify(files.facts ?? facts));
  const text = (files.lines ?? lines).map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(join(path, 'metrics.jsonl'), `${text.join('\n')}\n`);
  return path;
}
