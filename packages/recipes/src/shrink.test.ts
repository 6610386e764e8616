import { NEURON_LEVEL } from '@ma-net/mnet';
import { parseRecipe } from '@ma-net/run';
import { expect, test } from 'vitest';
import { ourParts } from './our-parts.ts';
import { fineTuning, ownPhotos, shrinkRecipe } from './shrink.ts';

const tuning = { rule: NEURON_LEVEL, epochs: 6, batchSize: 32, seed: 3 };

test('is a complete recipe of a network of the zoo on photographs', async () => {
  const network = { name: 'resnet18', weights: '/weights/resnet18.safetensors' };
  const recipe = shrinkRecipe(network, { folder: '/photos', size: 224 }, tuning);
  expect(recipe).toMatchObject({
    network,
    data: { path: '/photos', size: 224, validation: 0.1 },
    method: { prune: NEURON_LEVEL, plainRounds: 2, select: { outputs: true } },
    epochs: 6,
    seed: 3,
  });
  expect(await parseRecipe(JSON.parse(JSON.stringify(recipe)), 'a file', ourParts)).toEqual(recipe);
});

test('small images are taken whole, as the network was trained with', () => {
  const input = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2], white: 255 };
  expect(ownPhotos({ folder: '/photos', size: 32, input })).toMatchObject({
    crop: 1,
    normalisation: { mean: input.mean, std: input.std },
  });
  expect(ownPhotos({ folder: '/photos', size: 224 })).toMatchObject({ crop: 0.875, validation: 0.1 });
  const all = ownPhotos({ folder: '/photos', size: 224, heldOut: false });
  expect(all).toMatchObject({ measureOnTraining: true });
  expect(all).not.toHaveProperty('validation');
});

test('units are gone well before the training ends, and all that was asked for', () => {
  const { method, epochs } = fineTuning(tuning);
  const { plainRounds, ramp, freeze, maskEvery } = method;
  const modulated = epochs - Number(plainRounds);
  expect(Number(plainRounds) + Number(freeze) * modulated).toBeLessThan(epochs - 1);
  expect(Number(freeze)).toBeGreaterThan(Number(ramp));
  expect(maskEvery).toBe('iteration');
});
