// The tables of our pages, as sweeps. Numbers are those that the pages print.

import { MaNetError, suggestion } from '@ma-net/core';
import { cifar10 } from '@ma-net/data/parts';
import { NEURON_LEVEL } from '@ma-net/mnet';
import type { Reproduction } from '@ma-net/run';

const METHODS = ['plain', 'magnitude', 'slim', 'ma-net'];

/** One image of 250 is 0.4 %; a seed on another machine differs by a few of them. */
const FEW_IMAGES = 0.02;
/** Three standard errors of five seeds, as they spread there. */
const THREE_ERRORS = 0.007;

const NOTHING_HELD_OUT = cifar10({ trainLimit: 5000, testLimit: 5000, augment: { flip: true } });

/** Every table that can be made again, by the name that `manet reproduce` takes. */
export const reproductions: Readonly<Record<string, Reproduction>> = {
  digits: {
    name: 'digits',
    about: 'the table of the README that `npm start` ends with: half of ResNet-8, on digits',
    recipe: 'digits',
    changes: [`method.prune=${JSON.stringify(NEURON_LEVEL)}`],
    seeds: [0],
    axes: [{ path: 'method', values: METHODS }],
    expected: {
      'method=plain': { test: 0.996, within: FEW_IMAGES, parameters: 77_754 },
      'method=magnitude': { test: 0.992, within: FEW_IMAGES, parameters: 38_480 },
      'method=slim': { test: 0.986, within: FEW_IMAGES, parameters: 38_405 },
      'method=ma-net': { test: 0.98, within: FEW_IMAGES, parameters: 38_608 },
    },
  },
  'cifar10-resnet10': {
    name: 'cifar10-resnet10',
    about:
      'the test bed in the README: ResNet-10 on 5,000 images, five seeds, the last state; needs CIFAR-10',
    recipe: 'cifar10-resnet10',
    // Nothing was held out there, and nothing chosen.
    changes: [`data=${JSON.stringify(NOTHING_HELD_OUT)}`],
    seeds: [0, 1, 2, 3, 4],
    axes: [{ path: 'method', values: ['plain', 'magnitude', 'ma-net'] }],
    expected: {
      'method=plain': { test: 0.5969, within: THREE_ERRORS },
      'method=magnitude': { test: 0.597, within: THREE_ERRORS },
      'method=ma-net': { test: 0.6018, within: THREE_ERRORS },
    },
  },
};

/** The table called `name`, which may come from a person. Throws `unknown-name`. */
export function findReproduction(name: string): Reproduction {
  if (Object.hasOwn(reproductions, name)) return reproductions[name]!;
  throw new MaNetError('unknown-name', `There is no table called "${name}".`, {
    hint: suggestion(name, Object.keys(reproductions)),
  });
}
