// Graphs of images of other shapes: a network of the same weights takes them all, a graph is recorded of one.

import { type Network, trace } from '@ma-net/core';
import { imageInput } from './normalisation.ts';
import type { NetworkFacts } from './network-facts.ts';

/** Shapes [H, W, C] that images may have beside the one that the network was made for; none where they are not seen whole. */
export function otherShapes({ shapes, input }: NetworkFacts): readonly (readonly number[])[] {
  const [height, width, channels] = shapes['images'] ?? [];
  return (input.whole?.buckets ?? [])
    .filter((bucket) => bucket.height !== height || bucket.width !== width)
    .map((bucket) => [bucket.height, bucket.width, channels!]);
}

/**
 * The network as graphs of images [H, W, C] are recorded of it, and what such a graph says about itself. Throws
 * `bad-argument` for a network that takes no images, and what its program throws for a shape that it cannot take.
 */
export function forImages(
  network: Network,
  facts: NetworkFacts,
  shape: readonly number[],
): { readonly network: Network; readonly facts: NetworkFacts } {
  const image = imageInput(network);
  const inputs = network.inputs.map((input) => (input.name === image ? { ...input, shape } : input));
  const shapesOf = (values: readonly { name: string; shape: readonly number[] }[]) =>
    Object.fromEntries(values.map((value) => [value.name, value.shape]));
  const { shapes, outputs } = trace(network.program, shapesOf(inputs), {
    shapes: shapesOf(network.parameters),
    wanted: network.outputs.map(({ name }) => name),
  });
  return {
    network: {
      ...network,
      inputs,
      outputs: network.outputs.map((output) => ({ ...output, shape: shapes[outputs[output.name]!]! })),
    },
    facts: { ...facts, shapes: { ...facts.shapes, [image]: shape } },
  };
}
