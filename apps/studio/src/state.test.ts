import { expect, test } from 'vitest';
import { next, percent, sentence, START, type State, type Told } from './state.ts';

const settings = { seed: 0, remove: 0.5, unit: 'channels', epochs: 2 } as const;
const masks = { kept: 90, connections: 100, died: 10, revived: 0 } as const;
const told: readonly Told[] = [
  { type: 'asked', settings },
  { type: 'start', budget: 40, warnings: ['too short'] },
  { type: 'step', step: 8, phase: 'plain', loss: 1.5, seconds: 0.1 },
  { type: 'accuracy', step: 8, top1: 0.75 },
  { type: 'masks', ...masks, step: 9 },
  { type: 'masks', ...masks, step: 12, kept: 85, died: 8, revived: 3 },
  { type: 'step', step: 12, phase: 'astrocytes', loss: 1.2, seconds: 0.2 },
];
const after = (all: readonly Told[]): State => all.reduce(next, START);

test('a training is added up from what the worker tells', () => {
  expect(after(told)).toMatchObject({
    ...{ phase: 'running', step: 12, budget: 40, kept: 85, died: 18, revived: 3, changes: 2, top1: 0.75 },
    curve: [
      { step: 8, top1: 0.75 },
      { step: 9, kept: 0.9 },
      { step: 12, kept: 0.85 },
    ],
    warnings: ['too short'],
  });
});

test('a new training begins with nothing of the last', () => {
  expect(after([...told, { type: 'failed', message: 'no' }, { type: 'asked', settings }])).toEqual({
    ...START,
    phase: 'running',
    settings,
  });
});

test('what is read out changes ten times a training, not at every mini-batch', () => {
  const running = after(told);
  const words = Array.from({ length: 40 }, (_, i) => sentence({ ...running, step: i + 1 }));
  expect(new Set(words).size).toBe(11);
  expect(words[11]).toBe(
    '30 % trained, the astrocytes learn. 75.0 % of the test digits are right. 85.0 % of the connections are alive.',
  );
  expect(sentence(START)).toMatch(/Nothing/);
  expect(sentence({ ...running, paused: true })).toBe('Paused.');
  expect(sentence(after([...told, { type: 'stopped' }]))).toBe('Stopped.');
  expect(sentence(after([...told, { type: 'failed', message: 'no' }]))).toBe('Stopped.');
  expect(percent(0.1234)).toBe('12.3 %');
});
