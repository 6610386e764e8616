// Magnitude pruning: the control of MA-Net. A connection's score is how large it is.

import type { Method } from '@ma-net/core';
import { defaultMaNet } from '@ma-net/method-ma-net';
import { descriptors, unitMagnitudes } from '@ma-net/mnet';
import type { MagnitudeChoices, MagnitudeOptions } from './options.ts';
import { byScores } from './scored.ts';

/**
 * Connections of small magnitude go; under a rule for units, units whose weights are short (structured group
 * magnitude, Fang et al. 2023, arXiv:2301.12900), by the same planner and ramp.
 */
export function magnitude(given: MagnitudeChoices = {}): Method {
  const { freeze, maskEvery, ramp, prune, select: ends } = defaultMaNet;
  const options = { freeze, maskEvery, ramp, prune, select: ends, ...given } as MagnitudeOptions;
  return byScores('magnitude', options, {
    connections: (kernels, { params }) => descriptors(kernels, params),
    units: (groups, _, { params }, weights) => unitMagnitudes(groups, weights, params),
  });
}
