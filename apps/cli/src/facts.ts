// What run.json says: what a stranger needs to repeat a run.

import type { RunningBackend } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import { dataFacts, type OpenRun } from '@ma-net/recipes/node';
import { version_core as tfjsVersion } from '@tensorflow/tfjs-core';
import { ownVersion } from './version.ts';

/** Facts of a run that starts now. */
export function factsOf(open: OpenRun, backend: RunningBackend): Record<string, unknown> {
  const { recipe, network, mnet, data } = open;
  const { total, modulated } = countParameters(network);
  return {
    versions: { 'ma-net': ownVersion(), node: process.version, tfjs: tfjsVersion },
    machine: `${process.platform} ${process.arch}`,
    backend: backend.name,
    device: backend.device,
    seed: recipe.seed,
    method: recipe.method,
    network: { name: network.name, parameters: total, modulated },
    ...(mnet === undefined ? {} : { astrocytes: mnet.describe() }),
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
    started: new Date().toISOString(),
  };
}
