import { basename } from 'node:path';
import { writeFileAtomic } from '@ma-net/core/node';
import { beginning } from './beginning.ts';
import { askable } from './askable.ts';
import type { Format } from './format.ts';
import { loadNetwork, saveNetwork } from './network-file.ts';
import { pytorchText } from './pytorch/text.ts';

/** Weights in PyTorch's names and layout; plan, classes and normalisation in the metadata. */
export const safetensors: Format = {
  extension: '.safetensors',
  takesPixels: false,
  anyShape: true,
  writesModel: true,
  // After eight bytes a JSON header, whose metadata come first.
  wrote: (path) => beginning(path, 1_000_000).includes('"ma-net.network":"'),

  async write(path, network, facts, { model }) {
    // Before anything is written: not every layer has a form in PyTorch.
    const text = model === undefined ? undefined : pytorchText(network.network, facts, basename(path));
    await saveNetwork(path, network, facts);
    if (model !== undefined) await writeFileAtomic(model, text!);
    const beside = model === undefined ? '' : `; the PyTorch model in ${model}`;
    return `weights in PyTorch layout, the plan in the metadata${beside}`;
  },

  async open(path, installed) {
    const { facts, ...trained } = await loadNetwork(path, { installed });
    return askable(trained, facts);
  },

  async run(path, inputs, installed) {
    const { facts, ...trained } = await loadNetwork(path, installed === undefined ? {} : { installed });
    const { run, close } = await askable(trained, facts);
    const outputs = await run(inputs);
    close();
    return outputs;
  },
};
