import { saveNetwork } from '@ma-net/recipes/node';
import type { Format } from '../formats.ts';

/** Weights in PyTorch's names and layout; plan, classes and normalisation in the metadata. */
export const safetensors: Format = {
  extension: '.safetensors',
  async write(path, network, facts) {
    await saveNetwork(path, network, facts);
    return 'weights in PyTorch layout, the plan in the metadata';
  },
};
