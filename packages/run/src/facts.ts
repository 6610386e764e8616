// What a run and an exported network say about themselves: what a stranger needs to repeat or use them.

import type { RunningBackend } from '@ma-net/core';
import { ownVersion } from '@ma-net/core/node';
import type { NetworkFacts } from '@ma-net/export';
import { countParameters } from '@ma-net/metrics';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { dataFacts, type OpenRun } from './open.ts';
import type { Decision } from './prepared-network.ts';

/** Facts of a run that starts now. */
export function factsOf(open: OpenRun, backend: RunningBackend): Record<string, unknown> {
  const { recipe, network, training, data } = open;
  const { total, modulated } = countParameters(network);
  return {
    versions: { 'ma-net': ownVersion(), node: process.version, tfjs: tfjsVersion },
    machine: `${process.platform} ${process.arch}`,
    backend: backend.name,
    device: backend.device,
    computing: backend.facts(),
    seed: recipe.seed,
    method: recipe.method,
    network: { name: network.name, parameters: total, modulated },
    ...(training.about === undefined ? {} : { about: training.about }),
    data: dataFacts(data),
    started: new Date().toISOString(),
  };
}

/** What is added to the facts of a run each time it is resumed. */
export function resumption(step: number, backend: RunningBackend): Record<string, unknown> {
  return {
    step,
    versions: { 'ma-net': ownVersion(), node: process.version, tfjs: tfjsVersion },
    machine: `${process.platform} ${process.arch}`,
    backend: backend.name,
    device: backend.device,
    computing: backend.facts(),
    started: new Date().toISOString(),
  };
}

/** What the exported network of a run says about itself. */
export function networkFacts({ recipe, data }: OpenRun, { plan, compaction }: Decision): NetworkFacts {
  const { shape, classNames, normalisation, white } = data.train;
  return {
    network: { use: '@ma-net/tnet#zoo', ...recipe.tnet },
    classNames,
    shapes: { images: shape },
    input: { mean: normalisation.mean, std: normalisation.std, white },
    recipe,
    ...(plan === undefined ? {} : { plan }),
    ...(compaction === undefined ? {} : { compaction }),
  };
}
