import { defaultMaNet } from '@ma-net/method-ma-net';
import { expect, test } from 'vitest';
import { magnitudeOptions, slimOptions } from './options.ts';
import { magnitude, parts, plain, slim } from './parts.ts';

test('the parts are the baselines, with what MA-Net says of the same options', async () => {
  expect(parts).toEqual([plain, magnitude, slim]);
  expect(plain({})).toEqual({ use: '@ma-net/baselines#plain' });
  const { use, ...options } = magnitude({});
  expect(use).toBe('@ma-net/baselines#magnitude');
  expect(defaultMaNet).toMatchObject(options);
  expect((await plain.open({})).name).toBe('plain');
  expect((await magnitude.open(magnitudeOptions.parse({ plainRounds: 1 }))).name).toBe('magnitude');
  expect(slim({})).toMatchObject({ prune: { unit: 'neuron', remove: 0.5 } });
  expect((await slim.open(slimOptions.parse({}))).name).toBe('slim');
});

test('what only MA-Net has is refused', () => {
  expect(() => magnitude({ competition: 2 } as never)).toThrow(/competition: no such field/);
  expect(() => plain({ ramp: 1 } as never)).toThrow(/ramp: no such field/);
});
