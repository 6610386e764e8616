// Architecture searches: the constants of their papers on CIFAR-10, and a small scale of each on the embedded digits.
// An epoch of ours draws as many mini-batches as the whole training set holds, each search from halves of it: it passes
// through a half twice.

import { cifar10, digits } from '@ma-net/data/parts';
import { auxiliary } from '@ma-net/baselines/parts';
import { defineRecipe } from '@ma-net/run';
import { darts, dartsNetwork, dartsPt, hotnas, nasLid, shapleyNas, supernet } from '@ma-net/search/parts';
import { classification } from '@ma-net/task-classification/parts';
import { baseSgd } from './base.ts';

/** Of Liu et al. 2019, section A.1.1. */
const searchSgd = { ...baseSgd, learningRate: 0.025, weightDecay: 3e-4, clip: 5 };

/** DARTS on CIFAR-10, first order: 50 epochs of a half. */
export const cifar10DartsSearch = defineRecipe(() => ({
  name: 'cifar10-darts-search',
  about: 'DARTS on CIFAR-10: 50 epochs of a half, gradients of first order; needs a GPU',
  seed: 0,
  network: supernet({ space: 'darts' }),
  data: cifar10({ augment: { flip: true, padCrop: 4 } }),
  task: classification({}),
  method: darts({}),
  batchSize: 64,
  epochs: 25,
  optimizer: searchSgd,
  schedule: { name: 'cosine', warmup: 0, lowest: 1e-3 },
  evaluateEvery: 1,
}));

/** DARTS-PT: the same supernet, and 17 decisions about either cell with five epochs of a half after each. */
export const cifar10DartsPtSearch = defineRecipe(() => ({
  ...cifar10DartsSearch(),
  name: 'cifar10-darts-pt-search',
  about: 'DARTS-PT on CIFAR-10: DARTS, then 34 decisions by perturbation; needs a GPU',
  // A half is 390 mini-batches: 34 decisions on all of the held-out one, 17 trainings of five epochs, after 50 epochs.
  method: dartsPt({ measure: 390, tune: 1950 }),
  epochs: 84.5,
}));

/** Shapley-NAS: 25 epochs of W, then 25 with ten permutations each. */
export const cifar10ShapleySearch = defineRecipe(() => ({
  ...cifar10DartsSearch(),
  name: 'cifar10-shapley-search',
  about: 'Shapley-NAS on CIFAR-10: 50 epochs of a half, ten permutations an epoch; needs a GPU',
  network: supernet({ space: 'darts', partial: 4, poolNorm: false }),
  method: shapleyNas({}),
  batchSize: 256,
  optimizer: { ...baseSgd, weightDecay: 3e-4, clip: 5 },
  schedule: { name: 'cosine', warmup: 0 },
}));

/** What a search on CIFAR-10 is judged by (Liu et al. 2019, section A.2.1), with the cells that DARTS found. */
export const cifar10Darts = defineRecipe(() => ({
  ...cifar10DartsSearch(),
  name: 'cifar10-darts',
  about: 'the network of DARTS on all of CIFAR-10: 20 cells, 600 epochs; needs a GPU',
  network: dartsNetwork({ genotype: 'DARTS_V2', dropPath: 0.2, auxiliary: true }),
  data: cifar10({ augment: { flip: true, padCrop: 4, cutout: 16 } }),
  method: auxiliary({}),
  batchSize: 96,
  epochs: 600,
  schedule: { name: 'cosine', warmup: 0 },
}));

/** A small DARTS on real digits. */
export const digitsDartsSearch = defineRecipe(() => ({
  name: 'digits-darts-search',
  about: 'DARTS on embedded handwritten digits: three cells, minutes on two cores',
  seed: 0,
  network: supernet({ space: 'darts', channels: 4, layers: 3 }),
  data: digits({ validation: 0.1, augment: { padCrop: 1 } }),
  task: classification({}),
  method: darts({ learningRate: 3e-3 }),
  batchSize: 32,
  epochs: 4,
  optimizer: { ...searchSgd, learningRate: 0.1 },
  schedule: { name: 'cosine', warmup: 0, lowest: 1e-3 },
  evaluateEvery: 1,
}));

/** A small selection by perturbation, in the cells of NAS-Bench-201. */
export const digitsDartsPtSearch = defineRecipe(() => ({
  ...digitsDartsSearch(),
  name: 'digits-darts-pt-search',
  about: 'DARTS-PT on embedded handwritten digits, cells of NAS-Bench-201, minutes on two cores',
  network: supernet({ space: 'nas-bench-201', channels: 8, layers: 1 }),
  method: dartsPt({ learningRate: 3e-3, measure: 4, tune: 10 }),
  epochs: 6,
}));

/** Small Shapley values, in the cells of NAS-Bench-201. */
export const digitsShapleySearch = defineRecipe(() => ({
  ...digitsDartsPtSearch(),
  name: 'digits-shapley-search',
  about: 'Shapley-NAS on embedded handwritten digits, cells of NAS-Bench-201, minutes on two cores',
  method: shapleyNas({ permutations: 5 }),
}));

/** Candidates of the DARTS space, a hundred of them; the constants are ours. */
export const cifar10HotnasSearch = defineRecipe(() => ({
  ...cifar10DartsSearch(),
  name: 'cifar10-hotnas-search',
  about:
    'Bayesian optimisation by transport distances on CIFAR-10: 100 candidates, our constants; needs a GPU',
  // Four epochs of a half for each.
  method: hotnas({ measure: 40 }),
  epochs: 205,
  schedule: { name: 'constant', warmup: 0 },
}));

/** A dozen small candidates, in the cells of NAS-Bench-201. */
export const digitsHotnasSearch = defineRecipe(() => ({
  ...digitsDartsPtSearch(),
  name: 'digits-hotnas-search',
  about:
    'Bayesian optimisation by transport distances on embedded digits: 12 candidates, minutes on two cores',
  method: hotnas({ evaluations: 12, measure: 4, first: 4, mutations: 12, others: 4 }),
  epochs: 10,
  schedule: { name: 'constant', warmup: 0 },
}));

/** Sub-supernets in the cells of NAS-Bench-201 (He et al. 2023, the constants of the authors' program for them). */
export const cifar10NasLidSearch = defineRecipe(() => ({
  ...cifar10DartsSearch(),
  name: 'cifar10-nas-lid-search',
  about: 'NAS-LID on CIFAR-10: 16 sub-supernets of NAS-Bench-201, then 50 generations; needs a GPU',
  network: supernet({ space: 'nas-bench-201' }),
  // A half is 390 mini-batches: 20 epochs of it before a division, 10 after the last; a generation is measured on the other.
  method: nasLid({ warmup: 7800, compare: 50, tune: 3900, measure: 390 }),
  epochs: 256,
  optimizer: { ...baseSgd, learningRate: 1e-3, nesterov: true, weightDecay: 5e-4 },
  schedule: { name: 'cosine', warmup: 0 },
}));

/** Four small sub-supernets, and a few generations. */
export const digitsNasLidSearch = defineRecipe(() => ({
  ...digitsDartsPtSearch(),
  name: 'digits-nas-lid-search',
  about: 'NAS-LID on embedded digits: 4 sub-supernets, 6 generations of 8, minutes on two cores',
  method: nasLid({
    levels: 2,
    warmup: 30,
    compare: 2,
    tune: 30,
    population: 8,
    generations: 6,
    measure: 4,
  }),
  epochs: 8,
}));
