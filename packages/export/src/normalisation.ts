// Pixels as what a network takes, as a part of its graph.

import { type InputFacts, MaNetError, type Network } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = Readonly<Record<string, tf.Tensor>>;

export interface Normalisation {
  /** Constants of the graph. The caller disposes them. */
  readonly parameters: Tensors;
  /** The network's inputs, of inputs whose images are pixels. */
  apply(inputs: Tensors): Tensors;
}

/**
 * (pixel / white - mean) / std, as one product and one sum; `pixels` false leaves all inputs as they are. Pixels are red,
 * green and blue: for a network that sees them the other way round, they are turned first. Throws `bad-argument` for a
 * network that takes no images.
 */
export function normalisation(network: Network, input: InputFacts, pixels: boolean): Normalisation {
  if (!pixels) return { parameters: {}, apply: (inputs) => inputs };
  const name = imageInput(network);
  const scale_C = tf.tensor1d(input.std.map((s) => 1 / (input.white * s)));
  const shift_C = tf.tensor1d(input.std.map((s, c) => -input.mean[c]! / s));
  return {
    parameters: { 'input.scale': scale_C, 'input.shift': shift_C },
    apply(inputs) {
      const images = seesBgr(input) ? tf.reverse(inputs[name]!, -1) : inputs[name]!;
      return { ...inputs, [name]: tf.add(tf.mul(images, scale_C), shift_C) };
    },
  };
}

/** Whether a network sees blue first. */
export const seesBgr = ({ whole }: InputFacts): boolean => whole?.channels === 'BGR';

/** The input that is images [H, W, C]: the first of them. Throws `bad-argument` where there is none. */
export function imageInput({ name, inputs }: Network): string {
  const image = inputs.find(({ shape }) => shape.length === 3);
  if (image !== undefined) return image.name;
  throw new MaNetError('bad-argument', `${name} takes no images that pixels could be made into.`, {
    where: inputs.map((input) => `${input.name} [${input.shape.join(', ')}]`).join(', '),
    hint: 'write it without normalisation (--no-normalisation).',
  });
}
