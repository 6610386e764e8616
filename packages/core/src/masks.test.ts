import { expect, test } from 'vitest';
import { defineNetwork } from './define.ts';
import { checkMasks, keptConnections, maskOf } from './masks.ts';

const network = defineNetwork('two', { images: [4, 4, 2] }, (net, { images }) => ({
  logits: net.dense('fc', net.globalAveragePool(net.conv('a', images, { out: 3, kernel: 3 })), { out: 2 }),
}));
const [a, fc] = network.kernels;
const refused = (...words: string[]): unknown =>
  expect.objectContaining({
    code: 'network-mismatch',
    message: expect.stringMatching(new RegExp(words.join('[^]*'))) as string,
  });

test('a kernel that is left out is whole', () => {
  const masks = { 'a.weight': Uint8Array.of(1, 0, 1, 0, 0, 1) };
  expect(maskOf(a!, masks)).toBe(masks['a.weight']);
  expect([...maskOf(fc!, masks)]).toEqual([1, 1, 1, 1, 1, 1]);
  expect(keptConnections(network, masks)).toEqual([
    { param: 'a.weight', preNeurons: 2, postNeurons: 3, area: 9, keptConnections: 3 },
    { param: 'fc.weight', preNeurons: 3, postNeurons: 2, area: 1, keptConnections: 6 },
  ]);
  expect(keptConnections(network)[0]!.keptConnections).toBe(6);
});

test('masks of another network are refused, and those of another size', () => {
  const foreign = { 'b.weight': Uint8Array.of(1), toString: Uint8Array.of(1) };
  for (const check of [checkMasks, keptConnections]) {
    expect(() => check(network, foreign)).toThrow(refused('"b.weight", "toString"', 'a.weight, fc.weight'));
    expect(() => check(network, { 'a.weight': Uint8Array.of(1, 0) })).toThrow(
      refused('has 6 connections but its mask has 2', '\\[2, 3\\]'),
    );
  }
  expect(() => maskOf(a!, { 'a.weight': new Uint8Array(7) })).toThrow(refused('mask has 7'));
});
