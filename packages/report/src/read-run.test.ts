import { describe, expect, test } from 'vitest';
import { facts, lines, recipe, writeRun } from '../test/run-files.ts';
import { grouped, readRun } from './read-run.ts';

describe('readRun', () => {
  const { record } = readRun(writeRun());

  test('finds every curve', () => {
    expect(record.terms['loss']).toEqual(
      Array.from({ length: 8 }, (_, i) => ({ step: i + 1, value: 1 / (i + 1) })),
    );
    expect(Object.keys(record.terms)).toEqual(['loss', 'top1']);
    expect(record.measures).toEqual({
      test: { top1: [{ step: 8, value: 0.75 }], loss: [{ step: 8, value: 0.5 }] },
    });
    expect(record.kept).toEqual([
      { step: 5, value: 0.75 },
      { step: 7, value: 0.5 },
      { step: 8, value: 0.5 },
    ]);
  });

  test('finds phases and what layers kept by round', () => {
    expect(record.phases).toEqual([
      { kind: 'plain', from: 1, to: 4 },
      { kind: 'astrocytes', from: 5, to: 6 },
      { kind: 'neurons', from: 7, to: 8 },
    ]);
    expect(record.rounds).toEqual({
      layers: [
        { layer: 'a.weight', of: 20 },
        { layer: 'b.weight', of: 20 },
      ],
      decisions: [
        { round: 1, step: 5, kept: [15, 15] },
        { round: 2, step: 7, kept: [10, 10] },
      ],
    });
    expect(record.channels).toEqual({
      layers: [
        { layer: 'a.weight', of: 4 },
        { layer: 'b.weight', of: 5 },
      ],
      decisions: [
        { round: 1, step: 5, kept: [4, 5] },
        { round: 2, step: 7, kept: [4, 4] },
      ],
    });
  });

  test('says what it takes to train it again', () => {
    expect(record).toMatchObject({ name: 'digits', group: 'ma-net', seed: 0, samples: 100, notes: [] });
    expect(record.command).toBe('manet train --recipe recipe.json --backend onnx --threads 2');
    expect(JSON.parse(record.recipe)).toEqual(recipe);
    expect(Object.fromEntries(record.facts)).toMatchObject({
      versions: 'ma-net 0.1.0, node v20',
      'test data': '100 samples, ffffffffffffffff',
      trained: '8 mini-batches in 4 s',
    });
  });

  test('reads runs of earlier versions, and of training that goes on', () => {
    const before = lines.map((line) => ({ ...line, keptByKernel: undefined, set: undefined }));
    const { network: _, ...old } = facts;
    const { record: early } = readRun(writeRun({ facts: old, lines: before.slice(0, -1) }));
    expect(early.rounds).toBeUndefined();
    const whole = lines.map((line) =>
      'channelsByKernel' in line ? { ...line, channelsByKernel: [4, 5] } : line,
    );
    expect(readRun(writeRun({ lines: whole })).record.channels).toBeUndefined();
    expect(early.measures['test']!['top1']).toHaveLength(1);
    expect(Object.fromEntries(early.facts)['trained']).toContain('not ended yet');
  });

  test('passes over what is no number, no list, no name, and says how many lines are none', () => {
    const odd = [
      '{"type":"step","step":1,"loss":1e999,"terms":[1],"seconds":"x"}',
      '{"type":"step","step":2,"loss":null,"terms":{"__proto__":1,"a":"<b>"}}',
      '{"type":"masks","step":3,"kept":"1","connections":0,"keptByKernel":[-1,"x"]}',
      '{"type":"round","step":1,"round":{"kind":7}}',
      '{"type":"evaluation","step":3,"measures":null}',
      'nonsense',
    ];
    const path = writeRun({
      recipe: { name: 7, seed: 'x', method: [] },
      facts: { versions: 1, network: [], data: {} },
      lines: odd,
    });
    const { record: read } = readRun(path);
    expect(read).toMatchObject({
      name: 'unnamed',
      seed: undefined,
      kept: [],
      phases: [],
      measures: { test: {} },
    });
    expect(Object.entries(read.terms)).toEqual([['__proto__', [{ step: 2, value: 1 }]]]);
    expect(read.notes).toEqual(['1 lines of metrics.jsonl are damaged and left out.']);
  });

  test('a command is one word after the other, whatever a file calls its backend', () => {
    const { record: read } = readRun(writeRun({ facts: { ...facts, backend: "a'; rm -rf ~ #" } }));
    expect(read.command).toContain(String.raw`--backend 'a'\''; rm -rf ~ #'`);
  });

  test('refuses what is no run', () => {
    expect(() => readRun('/nowhere')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});

describe('grouped', () => {
  const read = (change: object) => readRun(writeRun({ recipe: { ...recipe, ...change } }));

  test('runs share a group where nothing but seed and folder of the data differ', () => {
    const runs = [read({}), read({ seed: 1, data: { use: 'd', path: '/elsewhere' } }), read({ epochs: 3 })];
    expect(grouped(runs).map(({ group, seed }) => [group, seed])).toEqual([
      ['ma-net', 0],
      ['ma-net', 1],
      ['ma-net (2)', 0],
    ]);
  });

  test('the recipe is part of the name where there are several', () => {
    const groups = grouped([read({}), read({ name: 'cifar' })]).map(({ group }) => group);
    expect(groups).toEqual(['digits, ma-net', 'cifar, ma-net']);
  });
});
