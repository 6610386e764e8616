// Networks that no machine could hold are refused while they are described, before anything is allocated.

import { expect, test } from 'vitest';
import { defineNetwork } from './define.ts';
import type { Net } from './program.ts';

type Layers = <V>(net: Net<V>, images: V) => V;

/** A network of one input and one output. */
function define(name: string, images: readonly number[], layers: Layers): unknown {
  const inputs = { images };
  return defineNetwork(name, inputs, (net, { images: x }) => ({ logits: layers(net, x) }));
}

const tooLarge = (where: string): unknown =>
  expect.objectContaining({
    code: 'too-large',
    message: expect.stringMatching(new RegExp(`Nothing was allocated.\\n  at ${where}`)) as string,
  });

test('a width of a thousand million', () => {
  const wide = <V>(net: Net<V>, images: V): V => net.dense('fc', net.flatten(images), { out: 1e9 });
  expect(() => define('wide', [8, 8, 3], wide)).toThrow(tooLarge('fc.weight'));
});

test('many wide layers, each of which could be', () => {
  const heavy = <V>(net: Net<V>, images: V): V => {
    let x = net.dense('in', net.flatten(images), { out: 40_000 });
    for (let i = 0; i < 5; i++) x = net.dense(`fc${i}`, x, { out: 40_000 });
    return x;
  };
  expect(() => define('heavy', [1, 1, 1], heavy)).toThrow(/more than 4294967296 parameters/);
});

test('a million million layers', () => {
  const deep = <V>(net: Net<V>, images: V): V => {
    let x = net.flatten(images);
    for (let i = 0; i < 1e12; i++) x = net.relu(x);
    return x;
  };
  expect(() => define('deep', [1, 1, 4], deep)).toThrow(/more than 100000 tensors/);
});

test('images of a million pixels a side, and what a layer makes of large ones', () => {
  const stem = <V>(net: Net<V>, images: V): V =>
    net.globalAveragePool(net.conv('conv1', images, { out: 64, kernel: 3 }));
  expect(() => define('huge', [1e6, 1e6, 3], stem)).toThrow(tooLarge('input "images"'));
  expect(() => define('large', [2e4, 2e4, 3], stem)).toThrow(tooLarge('layer "conv1"'));
});
