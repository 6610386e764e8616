import { describe, expect, test } from 'vitest';
import type { Program } from './program.ts';
import { replay, trace } from './trace.ts';

const program: Program<'images' | 'boxes', string> = (net, { images, boxes }) => {
  const stem = net.conv('stem', images, { out: 4, kernel: 3, stride: 2 });
  const deep = net.relu(net.conv('deep', stem, { out: 4, kernel: 3, stride: 2 }));
  const pooled = net.globalAveragePool(stem);
  const scores = net.dense('scores', pooled, { out: 3 });
  return boxes === undefined ? { stem, deep, scores } : { stem, deep, scores, moved: net.relu(boxes) };
};
const inputs = { images: [9, 9, 1] };
const kinds = (wanted?: readonly string[]): string[] =>
  trace(program as never, inputs, { wanted }).calls.map(({ op, name }) => name || op.kind);

describe('trace', () => {
  test('has the layers that the outputs need, in the order of the program', () => {
    expect(kinds()).toEqual(['stem', 'deep', 'relu', 'globalAveragePool', 'scores']);
    expect(kinds(['deep'])).toEqual(['stem', 'deep', 'relu']);
    expect(kinds(['scores'])).toEqual(['stem', 'globalAveragePool', 'scores']);
  });

  test('follows strides through the layers: half of 9 pixels, rounded up, is still a stride of 2', () => {
    const { values } = trace(program as never, inputs);
    expect(Object.entries(values).map(([name, { shape, stride }]) => [name, shape, stride])).toEqual([
      ['stem', [5, 5, 4], 2],
      ['deep', [3, 3, 4], 4],
      ['scores', [3], 0],
    ]);
  });

  test('has what follows from the inputs that are given', () => {
    expect(Object.keys(trace(program as never, inputs).outputs)).not.toContain('moved');
    expect(Object.keys(trace(program as never, { ...inputs, boxes: [5, 4] }).outputs)).toContain('moved');
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', () => ({}), /returns no value/],
    ['a number', () => ({ logits: 3 }), /Expected a value of the program, found 3\.\n {2}at output "logits"/],
    [
      'a layer of an input that is not there',
      (net: { relu(x: unknown): unknown }, { rois }: Record<string, unknown>) => ({ x: net.relu(rois) }),
      /found undefined\.\n {2}at layer "relu"/,
    ],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => trace(wrong as never, inputs)).toThrow(message);
    expect(() => trace(wrong as never, inputs)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

test('replay runs the layers on other values', () => {
  const traced = trace(program as never, inputs, { wanted: ['deep', 'stem'] });
  const run = replay<string>(traced, ['x'], ({ op, name }, of) => `${name || op.kind}(${of.join()})`);
  expect(run).toEqual({ deep: 'relu(deep(stem(x)))', stem: 'stem(x)' });
});
