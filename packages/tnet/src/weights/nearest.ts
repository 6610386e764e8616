// Which network of the zoo a file of weights is of, by names and shapes.

import type { Network } from '@ma-net/core';
import { fromPyTorch } from './formats.ts';
import { explainedByClassifier, withoutOtherHeads } from './heads.ts';
import type { HostTensors } from './rules.ts';

/** Of the tensors of a network, so many must fit before it is named. */
const FITTING = 0.9;

/** The one of some networks that a file fits best; undefined when it fits none well. They are built one by one. */
export async function nearestNetwork(
  file: HostTensors,
  names: readonly string[],
  build: (name: string) => Promise<Network>,
): Promise<string | undefined> {
  let best: { readonly name: string; readonly fit: number } | undefined;
  for (const name of names) {
    const network = await build(name);
    const read = withoutOtherHeads(network, fromPyTorch(network, file));
    const explained = explainedByClassifier(network, read);
    const size = network.parameters.length + network.statistics.length;
    const fit = 1 - (read.differences.length - explained.length) / size;
    if (fit >= FITTING && (best === undefined || fit > best.fit)) best = { name, fit };
  }
  return best?.name;
}
