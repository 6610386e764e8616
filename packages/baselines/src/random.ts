// Random masks: the control of every rule that decides who goes. As many connections, or units, as the rule says, but
// anybody, and from the first mini-batch on (Liu et al. 2019, "Rethinking the value of network pruning").

import { cloneParams, type Method, type Rng } from '@ma-net/core';
import { defaultMaNet, readScores } from '@ma-net/method-ma-net';
import type { UnitScores } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import type { RandomChoices, RandomOptions } from './options.ts';
import { byScores } from './scored.ts';

/** Trains what is left once `prune` has let anybody go, from scratch. The seed of the run decides who. */
export function random(given: RandomChoices = {}): Method {
  const { prune, select } = { ...defaultMaNet, ...given } as RandomOptions;
  return byScores(
    'random',
    { prune, select, ramp: 1, freeze: 1, maskEvery: 'round', plainRounds: 0 },
    {
      fromStart: true,
      init(kernels, rng) {
        const drawn = rng.split('random masks');
        return Object.fromEntries(
          kernels.map(({ param, preNeurons, postNeurons }) => [
            param,
            tf.tensor2d(uniforms(drawn.split(param), preNeurons * postNeurons), [preNeurons, postNeurons]),
          ]),
        );
      },
      connections: (_, { scores = {} }) => cloneParams(scores),
      // The number of a unit is that of its first connection: nobody's mean, so that no group is dearer than another.
      async units(groups, kernels, { scores = {} }): Promise<UnitScores> {
        const host = await readScores(kernels, scores);
        return groups.map(({ units, readers }) =>
          Float64Array.from({ length: units }, (_, unit) => {
            const [{ kernel, members }] = readers as [(typeof readers)[number]];
            const [{ start, block }] = members as [(typeof members)[number]];
            return host[kernel.param]![(start + unit * block) * kernel.postNeurons]!;
          }),
        );
      },
    },
  );
}

const uniforms = (rng: Rng, count: number): Float32Array =>
  Float32Array.from({ length: count }, () => rng.uniform());
