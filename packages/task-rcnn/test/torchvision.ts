// Numbers of a narrow Faster R-CNN of torchvision: tools/parity/rcnn.py writes them.

import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@ma-net/core/node';

const read = await readSafetensors(
  fileURLToPath(new URL('../fixtures/torchvision.safetensors', import.meta.url)),
);

/** Weights by name, in PyTorch's layout; gradients, images and detections. */
export const { tensors } = read;
export const facts = JSON.parse(read.metadata['facts']!) as {
  readonly losses: Readonly<Record<string, number>>;
  readonly objects: readonly (readonly [readonly (readonly number[])[], readonly number[]])[];
  readonly sizes: readonly (readonly [number, number])[];
};
