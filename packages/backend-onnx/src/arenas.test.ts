import { expect, test } from 'vitest';
import { Arenas, peakBytes } from './arenas.ts';
import { Entry } from './call.ts';

const MB = 2 ** 20;
/** Keys that keep their memory, asked for in this order. */
const asked = (arenas: Arenas, bytes: number, ...keys: string[]): boolean[] =>
  keys.map((key) => arenas.ask(key, bytes).keeps);

test('a graph keeps its memory at once; a large one gives it back to the next large one unless it has come again', () => {
  expect(asked(new Arenas(1000 * MB), MB, 'a')).toEqual([true]);
  const arenas = new Arenas(1000 * MB);
  expect(arenas.ask('first step', 100 * MB)).toEqual({ keeps: true, back: [] });
  expect(arenas.ask('step', 100 * MB)).toEqual({ keeps: true, back: ['first step'] });
  expect(arenas.ask('step', 100 * MB)).toEqual({ keeps: true, back: [] });
  expect(arenas.ask('small', MB)).toEqual({ keeps: true, back: [] });
  expect(arenas.ask('evaluation', 100 * MB)).toEqual({ keeps: true, back: [] });
  expect(arenas.ask('other evaluation', 100 * MB)).toEqual({ keeps: true, back: ['evaluation'] });
  // Even where there is no room for it itself.
  expect(arenas.ask('whole set', 2000 * MB)).toEqual({ keeps: false, back: ['other evaluation'] });
});

test('large graphs that take turns keep it from the second time on', () => {
  const arenas = new Arenas(1000 * MB);
  const answers = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c'].map((key) => arenas.ask(key, 100 * MB));
  expect(answers.map(({ keeps }) => keeps)).toEqual(Array(9).fill(true));
  expect(answers.map(({ back }) => back.join())).toEqual(['', 'a', 'b', '', '', '', '', '', '']);
});

test('graphs that take turns and do not fit together: some keep it, none takes it from another', () => {
  const arenas = new Arenas(250 * MB);
  const turns = Array.from({ length: 50 }, (_, k) => ['a', 'b', 'c'][k % 3]!);
  asked(arenas, 100 * MB, ...turns);
  for (let k = 0; k < 10; k++) {
    expect(arenas.ask('a', 100 * MB)).toEqual({ keeps: true, back: [] });
    expect(arenas.ask('b', 100 * MB)).toEqual({ keeps: false, back: [] });
    expect(arenas.ask('c', 100 * MB)).toEqual({ keeps: true, back: [] });
  }
});

test('a graph out of use gives its memory back when another needs it', () => {
  const arenas = new Arenas(150 * MB);
  asked(arenas, 100 * MB, 'old', 'old');
  const answers = Array.from({ length: 10 }, () => arenas.ask('new', 100 * MB));
  expect(answers.at(-1)).toEqual({ keeps: true, back: [] });
  expect(answers.flatMap(({ back }) => back)).toEqual(['old']);
  // It starts anew.
  expect(arenas.ask('old', 100 * MB).keeps).toBe(false);
});

test('what no budget can hold does without, and the sum never passes the budget', () => {
  expect(asked(new Arenas(50 * MB), 100 * MB, 'a', 'a', 'a')).toEqual([false, false, false]);
  const arenas = new Arenas(10 * MB);
  const kept = new Map<string, number>();
  for (let k = 0; k < 2000; k++) {
    // Few graphs often, many seldom.
    const [key, bytes] = [`g${(k * k * 7919) % (k % 5 === 0 ? 97 : 7)}`, ((k * 31) % 4) + 1];
    const size = kept.get(key) ?? bytes * MB;
    const { keeps, back } = arenas.ask(key, size);
    for (const other of back) kept.delete(other);
    if (keeps) kept.set(key, size);
    expect([...kept.values()].reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(10 * MB);
  }
});

test('the peak counts what is alive at once: a chain holds two values, a fork what it keeps', () => {
  const entry = (size: number): Entry => new Entry([size], 'float32');
  const call = (inputs: Entry[], outputs: Entry[], inside?: object) =>
    ({ inputs, outputs, signature: { inside } }) as never;
  const [x, a, b, c] = [entry(10), entry(10), entry(10), entry(10)];
  const chain = [call([x], [a]), call([a], [b]), call([b], [c])];
  // a and b, then b and c; x is an input.
  expect(peakBytes({ calls: chain, outputs: [c] })).toBe(80);
  // a stays: it is a result too.
  expect(peakBytes({ calls: chain, outputs: [a, c] })).toBe(120);
  // Read twice by one call, and dead results.
  expect(peakBytes({ calls: [call([x], [a]), call([a, a], [b]), call([b], [c])], outputs: [] })).toBe(80);
  // What was prepared has its own peak, and its result beside it.
  expect(peakBytes({ calls: [call([x], [c], { calls: chain, outputs: [c] })], outputs: [c] })).toBe(120);
});
