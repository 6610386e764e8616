// A recipe, written by "manet init". It trains as it is, and all of it is yours to change:
//
//   manet train --recipe recipe.ts
//   manet train --recipe recipe.ts --print        every field, with what is filled in
//
// What it imports has to be installed beside it. npm puts it there with @ma-net/cli; with pnpm, or where manet is
// installed for the whole machine, add it: npm i @ma-net/run @ma-net/tnet @ma-net/data @ma-net/task-classification
// @ma-net/method-ma-net (and @ma-net/baselines for the methods that MA-Net is compared with).

import { digits } from '@ma-net/data/parts';
// import { cifar10, photos } from '@ma-net/data/parts';
import { maNet } from '@ma-net/method-ma-net/parts';
// import { magnitude, plain, slim } from '@ma-net/baselines/parts';
import { defineRecipe } from '@ma-net/run';
import { classification } from '@ma-net/task-classification/parts';
import { zoo } from '@ma-net/tnet/parts';

export default defineRecipe(() => ({
  // The run is written to runs/<name>-<method>-s<seed>.
  name: 'mine',
  about: 'a small network on handwritten digits',
  // Of the weights and of the order of the images: the same seed gives the same run.
  seed: 0,

  // What is trained: a network of "manet networks", from fresh weights or from published ones.
  network: zoo({ name: 'resnet8-digits' }),
  // network: zoo({ name: 'resnet18' }),
  // network: zoo({ name: 'resnet18', weights: 'hub' }),

  // What it is trained on. Photographs of your own lie in a folder with one folder for each class; a tenth of every
  // class is held out, to choose by. "manet data check photos" looks through them.
  data: digits({ augment: { padCrop: 1 } }),
  // data: photos({ path: 'photos', size: 224, validation: 0.1, augment: { jitter: { brightness: 0.4 } } }),
  // data: cifar10({ path: 'data/cifar-10-batches-bin', augment: { flip: true, padCrop: 4 } }),

  task: classification({ labelSmoothing: 0 }),

  // How it is trained, and what goes: 70 % of the modulated parameters here, connection by connection. Below it: whole
  // units, until half of the parameters are gone; every connection of a low probability; and the methods that MA-Net is
  // compared with, "plain" being the network alone.
  method: maNet({ select: { outputs: true }, prune: { mode: 'target', removeModulated: 0.7 } }),
  // method: maNet({ prune: { unit: 'neuron', mode: 'target', remove: 0.5, cost: 'params', beta: 0, floor: { part: 0.1, units: 4 } } }),
  // method: maNet({ prune: { mode: 'delta', delta: 0.001, kappa: 0.5 } }),
  // method: magnitude({ prune: { mode: 'target', removeModulated: 0.5 } }),
  // method: slim({}),
  // method: plain({}),

  batchSize: 64,
  epochs: 15,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 2e-3 },
  // optimizer: { name: 'adamw', learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05 },

  // Of the learning rate, warmed up over so many mini-batches.
  schedule: { name: 'cosine', warmup: 0 },
  // schedule: { name: 'steps', warmup: 0, at: [0.5, 0.75], factor: 0.1 },

  // Epochs between two measurements.
  evaluateEvery: 1,
}));
