import { defaultMaNet } from '@ma-net/method-ma-net';
import { expect, test } from 'vitest';
import {
  astroNetOptions,
  auxiliaryOptions,
  cdsOptions,
  magnitudeOptions,
  plainOptions,
  randomOptions,
  slimOptions,
  unstructuredOptions,
} from './options.ts';
import {
  astroNet,
  auxiliary,
  cds,
  exits,
  magnitude,
  parts,
  plain,
  random,
  slim,
  unstructured,
} from './parts.ts';

test('the parts are the baselines, with what MA-Net says of the same options', async () => {
  expect(parts).toEqual([plain, magnitude, slim, random, unstructured, cds, auxiliary, astroNet, exits]);
  expect(plain({})).toEqual({ use: '@ma-net/baselines#plain' });
  const { use, ...options } = magnitude({});
  expect(use).toBe('@ma-net/baselines#magnitude');
  expect(defaultMaNet).toMatchObject(options);
  expect((await plain.open(plainOptions.parse({}))).name).toBe('plain');
  expect((await magnitude.open(magnitudeOptions.parse({ plainRounds: 1 }))).name).toBe('magnitude');
  expect(slim({})).toMatchObject({ prune: { unit: 'neuron', remove: 0.5 } });
  expect((await slim.open(slimOptions.parse({}))).name).toBe('slim');
  expect((await random.open(randomOptions.parse({}))).name).toBe('random');
  expect((await unstructured.open(unstructuredOptions.parse({}))).name).toBe('unstructured');
  expect((await cds.open(cdsOptions.parse({}))).name).toBe('cds');
  expect((await astroNet.open(astroNetOptions.parse({}))).name).toBe('astronet');
  expect((await auxiliary.open(auxiliaryOptions.parse({}))).name).toBe('auxiliary');
  expect(auxiliary({})).toMatchObject({ weight: 0.4 });
  expect((await exits.open({})).name).toBe('exits');
  expect(plain({ views: 2 })).toMatchObject({ views: 2 });
  expect(unstructured({})).toMatchObject({ scope: 'global' });
});

test('what only MA-Net has is refused', () => {
  expect(() => magnitude({ competition: 2 } as never)).toThrow(/competition: no such field/);
  expect(() => plain({ ramp: 1 } as never)).toThrow(/ramp: no such field/);
});
