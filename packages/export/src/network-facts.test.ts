import { Rng } from '@ma-net/core';
import { planOfMasks } from '@ma-net/mnet';
import { createTNet } from '@ma-net/tnet';
import { expect, test } from 'vitest';
import { type NetworkFacts, parseFacts, toMetadata } from './network-facts.ts';

const network = await createTNet('resnet-test', { numClasses: 3 });
const facts: NetworkFacts = {
  classNames: ['cat', '/m/01yrx', '~/tilde'],
  shapes: { images: [8, 8, 3] },
  input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
  recipe: { name: 'a', data: { use: 'x#y', path: '/home/someone/data' } },
};

test('what is read is what was written, but for places of this machine', () => {
  const read = parseFacts(toMetadata(facts), 'here');
  expect(read).toEqual({ ...facts, recipe: { name: 'a', data: { use: 'x#y' } } });
});

test.each([0, 0.5, 0.95, 1])(
  'masks of which %d lives come back whole, whatever text they are packed to',
  (part) => {
    const rng = Rng.fromSeed(1);
    for (let round = 0; round < 20; round++) {
      const masks = Object.fromEntries(
        network.kernels.map(({ param, preNeurons, postNeurons }) => {
          const size = preNeurons * postNeurons;
          return [
            param,
            Uint8Array.from({ length: size }, () => Number(part === 1 || rng.integer(1000) < 1000 * part)),
          ];
        }),
      );
      const plan = planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 });
      const read = parseFacts(toMetadata({ ...facts, plan }), 'here');
      expect(read.plan!.masks).toEqual(masks);
    }
  },
);
