// Every method at a small scale: ResNet-8 on the embedded digits, minutes on any machine. Compared with each other they are
// one table; half of the parameters goes wherever something goes.

import { astroNet, cds, exits, magnitude, plain, random, slim, unstructured } from '@ma-net/baselines/parts';
import { digits as data } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { defineRecipe } from '@ma-net/run';
import { darts } from '@ma-net/search/parts';
import { zoo } from '@ma-net/tnet/parts';
import { digits } from './digits.ts';
import {
  digitsDartsPtSearch,
  digitsHotnasSearch,
  digitsNasLidSearch,
  digitsShapleySearch,
} from './search.ts';

const network = 'resnet8-digits';
/** With the classifier among the connections, the last stage can lose channels as well. */
const select = { outputs: true };
const halved = { prune: NEURON_LEVEL, select };

/** The network alone. */
export const methodsPlain = defineRecipe(() => ({
  ...digits(),
  name: 'methods-plain',
  about: 'the network alone, beside which the others stand',
  method: plain({}),
}));

export const methodsMaNet = defineRecipe(() => ({
  ...digits(),
  name: 'methods-ma-net',
  about: 'MA-Net: half of the parameters goes, unit by unit',
  method: maNet(halved),
}));

export const methodsMagnitude = defineRecipe(() => ({
  ...digits(),
  name: 'methods-magnitude',
  about: 'structured magnitude pruning: half of the parameters goes, unit by unit',
  method: magnitude(halved),
}));

export const methodsRandom = defineRecipe(() => ({
  ...digits(),
  name: 'methods-random',
  about: 'half of the parameters goes before the first mini-batch, whoever they are',
  method: random(halved),
}));

export const methodsSlim = defineRecipe(() => ({
  ...digits(),
  name: 'methods-slim',
  about: 'the network that is half as large from the beginning',
  method: slim({ prune: NEURON_LEVEL }),
}));

export const methodsUnstructured = defineRecipe(() => ({
  ...digits(),
  name: 'methods-unstructured',
  about: 'half of the parameters becomes zero after three quarters of the training',
  method: unstructured(halved),
}));

/** Three trainings in the time of one: after the first two, 0.3 of the weights that are left go. */
export const methodsLottery = defineRecipe(() => ({
  ...digits(),
  name: 'methods-lottery',
  about: 'lottery tickets: half of the parameters becomes zero in rounds, survivors are set back',
  method: unstructured({ ...halved, perRound: 0.3, rewind: 0.5 }),
}));

export const methodsAstroNet = defineRecipe(() => ({
  ...digits(),
  name: 'methods-astronet',
  about: 'AstroNet, our design: one astrocyte gates channels, half of the parameters goes',
  method: astroNet({ ...halved, width: 16 }),
}));

/** Two views of every image; the second one loses a square. */
const twoViews = data({ validation: 0.1, augment: { padCrop: 1 }, views: [{ padCrop: 1, cutout: 3 }] });

export const methodsCds = defineRecipe(() => ({
  ...digits(),
  name: 'methods-cds',
  about: 'contrastive deep supervision on two views of every image',
  data: twoViews,
  method: cds({}),
}));

export const methodsPlainViews = defineRecipe(() => ({
  ...digits(),
  name: 'methods-plain-views',
  about: 'the network alone, on the two views that contrastive deep supervision sees',
  data: twoViews,
  method: plain({ views: 2 }),
}));

export const methodsSe = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-se',
  about: 'squeeze and excitation in every block',
  network: zoo({ name: network, attention: { kind: 'se', reduction: 4 } }),
}));

export const methodsSpse = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-spse',
  about: 'excitation by a pyramid of cells in every block',
  network: zoo({ name: network, attention: { kind: 'spse', reduction: 4 } }),
}));

export const methodsRgse = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-rgse',
  about: 'excitation by windows in every block',
  network: zoo({ name: network, attention: { kind: 'rgse', reduction: 4 } }),
}));

export const methodsPooling = defineRecipe(() => ({
  ...methodsPlain(),
  name: 'methods-pooling',
  about: 'self-attentive pooling in place of strides',
  network: zoo({ name: network, attention: { kind: 'self-attentive-pooling', ratio: 0.25 } }),
}));

/** Exits that boost each other, with the reweighting and the rescaled gradients of the paper. */
export const boosted = { boost: 0.5, rescale: true };

export const methodsExits = defineRecipe(() => ({
  ...digits(),
  name: 'methods-exits',
  about: 'a multi-scale dense network whose exits boost each other',
  network: zoo({ name: 'msdnet-digits', exits: boosted }),
  method: exits({}),
}));

// Architecture searches, all of the cells of NAS-Bench-201. A comparison goes on with what each has found, as its first recipe
// says.

export const methodsDarts = defineRecipe(() => ({
  ...digitsDartsPtSearch(),
  name: 'methods-darts',
  about: 'DARTS: a network that gradients find',
  method: darts({ learningRate: 3e-3 }),
}));

export const methodsDartsPt = defineRecipe(() => ({
  ...digitsDartsPtSearch(),
  name: 'methods-darts-pt',
  about: 'DARTS-PT: a network found by what its supernet cannot do without',
}));

export const methodsShapley = defineRecipe(() => ({
  ...digitsShapleySearch(),
  name: 'methods-shapley-nas',
  about: 'Shapley-NAS: a network found by what operations contribute',
}));

export const methodsNasLid = defineRecipe(() => ({
  ...digitsNasLidSearch(),
  name: 'methods-nas-lid',
  about: 'NAS-LID: a network found with sub-supernets of operations that are alike',
}));

export const methodsHotnas = defineRecipe(() => ({
  ...digitsHotnasSearch(),
  name: 'methods-hotnas',
  about: 'HOTNAS, our design: a network found by Bayesian optimisation, a dozen candidates',
}));
