// Weight files in Node: on disk, or of the hub.

import { MaNetError } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import type { HubOptions } from '../options.ts';
import { downloadWeights } from './hub.ts';
import { repoOf } from './published.ts';
import type { ReadWeights } from './read.ts';

/** The tensors of a file, where `weights` is its path, `hub` or `hub:owner/name`, and where they were found. */
export async function readWeights(name: string, weights: string, hub?: HubOptions): Promise<ReadWeights> {
  const repo = repoOf(name, weights);
  if (repo === undefined && /^https?:/.test(weights)) {
    throw new MaNetError('bad-argument', `In Node, weights are read from files, not from ${weights}.`, {
      hint: 'download the file and pass its path, or "hub:owner/name" for one of the Hugging Face hub.',
    });
  }
  const path = repo === undefined ? weights : await downloadWeights({ repo }, hub);
  const { tensors, verified } = await readSafetensors(path);
  return { tensors, where: path, verified: verified || repo !== undefined };
}
