import type { TrainingEvent } from '@ma-net/trainer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { progress } from './progress.ts';
import { createScreen } from './screen.ts';

beforeAll(() => {
  vi.stubEnv('NO_COLOR', '1');
  vi.stubEnv('TERM', 'xterm');
});
afterAll(() => {
  vi.unstubAllEnvs();
});

/** Two epochs of four mini-batches of eight images, half a second each; nine of ten connections live. */
function play(isTTY: boolean, columns = 100, set: 'validation' | 'test' = 'test'): string {
  let [written, clock] = ['', 0];
  const out = { isTTY, columns, write: (text: string) => (written += text) };
  const show = progress({
    screen: createScreen(out),
    epochs: 2,
    batchesPerEpoch: 4,
    batchSize: 8,
    headline: 'top1',
    set,
    now: () => clock,
  });
  const round = { index: 1, kind: 'neurons', start: 0, length: 8 } as const;
  const events: TrainingEvent[] = [
    { type: 'start', step: 0, budget: 8, rounds: [round], warnings: ['at most 1 %'] },
    { type: 'round', step: 1, round },
    { type: 'masks', step: 1, kept: 90, connections: 100, died: 12, revived: 2, removedParams: 90 },
  ];
  for (let step = 1; step <= 4; step++)
    events.push({
      type: 'step',
      step,
      round,
      loss: step,
      terms: {},
      norms: {},
      learningRate: 0.1,
      seconds: 0.5,
    });
  events.push({ type: 'evaluation', step: 4, set, measures: { top1: 0.75, loss: 1 } });
  if (set === 'validation')
    events.push({ type: 'evaluation', step: 4, set: 'test', measures: { top1: 0.5, loss: 1 } });
  events.push({ type: 'checkpoint', step: 4 }, { type: 'end', step: 4, reason: 'interrupted' });
  for (const event of events) {
    if (event.type === 'step') clock += 0.5;
    show(event);
  }
  return written;
}

test('piped, there is a header and a line per evaluation', () => {
  const [note, header, row, end] = play(false).split('\n');
  expect(note).toBe('  note: at most 1 %');
  expect(header!.trim().split(/\s+/)).toEqual([
    'epoch',
    'round',
    'loss',
    'top1',
    'kept',
    'died',
    'back',
    'images/s',
    'left',
  ]);
  // Mean loss (1 + 2 + 3 + 4) / 4; eight images per half second; four mini-batches are left.
  expect(row!.trim().split(/\s{2,}|(?<=neurons)\s+/)).toEqual([
    '1/2',
    '1 neurons',
    '2.500',
    '75.00 %',
    '90.0 %',
    '12',
    '2',
    '16',
    '0:02',
  ]);
  expect(end).toBe('');
  expect(header!.length).toBeLessThanOrEqual(88);
  expect(row!.length).toBe(header!.length);
});

test('where images are held out the rows are of those, and say so', () => {
  const lines = play(false, 100, 'validation').split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[1]).toMatch(/ loss +val top1 +kept/);
  expect(lines[2]).toMatch(/75\.00 %/);
});

test('on a terminal, a live line says the same between evaluations, and is gone in the end', () => {
  const written = play(true);
  expect(written).toContain('epoch 0.5/2  round 1 neurons  loss 1.500  kept 90.0 %  16 images/s  0:03 left');
  // What a terminal shows: each erased line starts again.
  const shown = written.split('\n').map((line) => line.split('\r\x1b[2K').at(-1)!);
  expect(shown).toHaveLength(4);
  expect(shown[0]).toBe('  note: at most 1 %');
  expect(shown[2]).toMatch(/75\.00 %/);
  expect(shown[3]).toBe('');
});

test('a narrow screen has fewer columns, and no line that it would break', () => {
  for (const columns of [60, 45, 82]) {
    const lines = play(false, columns).split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
    expect(lines[1]).toMatch(/epoch.*loss.*top1.*left/);
  }
  expect(play(false, 60).split('\n')[1]!.trim().split(/\s+/)).toEqual([
    'epoch',
    'round',
    'loss',
    'top1',
    'kept',
    'left',
  ]);
});
