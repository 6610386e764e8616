import { defineNetwork } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { select, type Selection } from './select.ts';

/** Two inputs, a shared head with two outputs, and a depthwise convolution that connects no neurons. */
const network = defineNetwork('two', { images: [8, 8, 3], depth: [8, 8, 1] }, (net, { images, depth }) => {
  const colour = net.conv('colour', images, { out: 4, kernel: 3 });
  const x = net.relu(net.add(colour, net.conv('distance', depth, { out: 4, kernel: 3 })));
  const y = net.conv('inner', net.depthwiseConv('each', x, { kernel: 3 }), { out: 4, kernel: 1 });
  const head = (level: typeof x): typeof x => net.conv('score', level, { out: 2, kernel: 1 });
  return { fine: head(net.add(x, y)), coarse: head(net.maxPool(y, { kernel: 2, stride: 2 })) };
});
const names = (selection?: Selection): string[] =>
  select(network, selection).map(({ param }) => param.replace('.weight', ''));

describe('select', () => {
  test('takes what lies between neurons of the network, in forward order', () => {
    expect(names()).toEqual(['inner']);
  });

  test.each<[Selection, string[]]>([
    [{ stem: true }, ['colour', 'distance', 'inner']],
    [{ outputs: true }, ['inner', 'score']],
    [{ stem: true, outputs: true }, ['colour', 'distance', 'inner', 'score']],
    [{ stem: true, outputs: true, leave: ['distance', 'score'] }, ['colour', 'inner']],
  ])('%j adds the kernels at the ends, or leaves some alone', (selection, expected) => {
    expect(names(selection)).toEqual(expected);
  });

  test('what writes an output depends on which outputs are chosen', () => {
    const fine = network.withOutputs(['fine']);
    expect(select(fine).map(({ param }) => param)).toEqual(['inner.weight']);
    const chain = defineNetwork('chain', { images: [4, 4, 1] }, (net, { images }) => {
      const deep = net.conv('deep', net.conv('stem', images, { out: 2, kernel: 1 }), { out: 2, kernel: 1 });
      return { deep, logits: net.dense('fc', net.globalAveragePool(deep), { out: 2 }) };
    });
    expect(select(chain.withOutputs(['logits'])).map(({ param }) => param)).toEqual(['deep.weight']);
    expect(select(chain)).toEqual([]);
  });

  test('refuses a layer that is not there, with the nearest name', () => {
    expect(() => names({ leave: ['iner'] })).toThrow(/"iner"[^]*did you mean "inner"/);
    expect(() => names({ leave: ['each'] })).toThrow(expect.objectContaining({ code: 'unknown-name' }));
  });
});
