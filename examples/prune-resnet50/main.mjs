// A ResNet-50 as torchvision or timm publish it, smaller, on photographs of your own.
//
//   npm run build && node examples/prune-resnet50/main.mjs resnet50-11ad3fa6.safetensors photos
//
// torchvision's .pth file becomes the first argument with two lines of Python:
//   import safetensors.torch, torchvision
//   safetensors.torch.save_file(torchvision.models.resnet50(weights='DEFAULT').state_dict(), 'resnet50.safetensors')
//
// It is fine-tuned while half of its parameters go, channel by channel, and written for PyTorch and for ONNX Runtime.
// NETWORK names another network of "manet networks", EPOCHS and BATCH change the fine-tuning.

import { resolve } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { startBackend } from '@ma-net/core';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { ourParts, shrinkRecipe } from '@ma-net/recipes';
import { shrink } from '@ma-net/run/node';
import { createTNet } from '@ma-net/tnet';

const { NETWORK: name = 'resnet50', EPOCHS = '6', BATCH = '16', OUT = 'runs/resnet50-half' } = process.env;
const [weights, folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error(
    'usage: node examples/prune-resnet50/main.mjs <weights.safetensors> <folder of one folder a class>',
  );
  process.exit(2);
}

const backend = await startBackend(onnx);
const { inputs } = await createTNet(name, { numClasses: 2 });
const recipe = shrinkRecipe(
  { name, weights: resolve(weights) },
  { folder: resolve(folder), size: inputs[0].shape[0] },
  { rule: NEURON_LEVEL, epochs: Number(EPOCHS), batchSize: Number(BATCH), seed: 0 },
);
const shrunk = await shrink(recipe, {
  ...{ out: OUT, installed: ourParts, backend },
  tell: console.error,
  watch: async () => (event) => {
    if (event.type !== 'evaluation') return;
    console.log(
      `  mini-batch ${event.step}: ${(100 * event.measures.top1).toFixed(1)} % of the ${event.set} images`,
    );
  },
});
const line = ({ parameters, macs, milliseconds, test }) =>
  `${parameters} parameters, ${macs} multiply-accumulates, ${milliseconds.toFixed(1)} ms an image, ${(100 * test.top1).toFixed(1)} %`;
console.log(`before  ${line(shrunk.before)}`);
console.log(`after   ${line(shrunk.after)}`);
console.log(shrunk.files.weights);
console.log(shrunk.files.graph);
