// What a run and an exported network say about themselves: what a stranger needs to repeat or use them.

import type { Batch, RunningBackend, SplitFacts } from '@ma-net/core';
import { ownVersion } from '@ma-net/core/node';
import type { NetworkFacts } from '@ma-net/export';
import { countParameters } from '@ma-net/metrics';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { type ClosedRun, knownOf, type OpenRun, type RunData } from './open.ts';
import type { Decision } from './prepared-network.ts';

/** Facts of a run that starts now. */
export function factsOf<B extends Batch>(open: OpenRun<B>, backend: RunningBackend): Record<string, unknown> {
  const { recipe, network, training, method, data } = open;
  const { total, modulated } = countParameters(network);
  return {
    versions: { 'ma-net': ownVersion(), node: process.version, tfjs: tfjsVersion },
    machine: `${process.platform} ${process.arch}`,
    backend: backend.name,
    device: backend.device,
    computing: backend.facts(),
    seed: recipe.seed,
    method: method.name,
    network: {
      name: network.name,
      parameters: total,
      modulated,
      kernels: network.kernels.map(({ param, preNeurons, postNeurons }) => ({
        param,
        preNeurons,
        postNeurons,
      })),
    },
    ...(training.about === undefined ? {} : { about: training.about }),
    data: splitsOf(data),
    known: { ...knownOf(open), ...(open.widths === undefined ? {} : { widths: open.widths }) },
    started: new Date().toISOString(),
  };
}

/** What a run records about its data, to know them again. */
export function splitsOf<B extends Batch>({
  train,
  test,
  validation,
}: RunData<B>['data']): Record<string, SplitFacts> {
  return { train, test, ...(validation === undefined ? {} : { validation }) };
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
export function networkFacts<B extends Batch>(
  { recipe, facts }: Pick<ClosedRun<B>, 'recipe' | 'facts'>,
  { plan, compaction }: Decision,
): NetworkFacts {
  return {
    network: recipe.network,
    task: recipe.task,
    ...facts,
    recipe,
    ...(plan === undefined ? {} : { plan }),
    ...(compaction === undefined ? {} : { compaction }),
  };
}
