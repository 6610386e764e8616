// The small variant of each family, and weights, statistics and masks that are nowhere trivial.

import { type Masks, type Network, type Params, Rng } from '@ma-net/core';
import { tnetNames } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';

export const variants = tnetNames.filter((name) => name.endsWith('-test'));

/** Images of a network's size. */
export function imagesFor({ inputs }: Network, batch: number, seed: number): tf.Tensor4D {
  const shape = [batch, ...inputs[0]!.shape] as [number, number, number, number];
  return tf.tensor4d(
    Rng.fromSeed(seed).normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
}

/** Weights and statistics as after some training: fresh ones, moved. */
export function moved(network: Network, seed: number): { readonly params: Params; readonly stats: Params } {
  const rng = Rng.fromSeed(seed).split('moved');
  const { params, stats } = network.init(rng);
  const shifted = (tensors: Params, low: number, high: number): Params =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [
        name,
        tf.add(t, tf.tensor(rng.split(name).uniforms(t.size, low, high), t.shape)),
      ]),
    );
  return { params: shifted(params, -0.1, 0.1), stats: shifted(stats, 0, 0.5) };
}

/**
 * Random masks in which units of every coupling group have lost all their readers, so that there is something
 * to compact, but never all of a group, and other connections are dead here and there.
 */
export function randomMasks(network: Network, seed: number): Masks {
  const rng = Rng.fromSeed(seed).split('masks');
  const masks = Object.fromEntries(
    network.kernels.map(({ param, preNeurons, postNeurons }) => [
      param,
      Uint8Array.from({ length: preNeurons * postNeurons }, () => Number(rng.uniform() < 0.7)),
    ]),
  );
  const posts = new Map(network.kernels.map((k) => [k.param, k.postNeurons]));
  for (const { units, members } of network.groups) {
    const spared = rng.integer(units);
    for (let unit = 0; unit < units; unit++) {
      if (unit !== spared && rng.uniform() < 0.5) continue;
      for (const { tensor, role, start, block } of members) {
        const width = posts.get(tensor);
        if (role !== 'read' || width === undefined) continue;
        const [first, end] = [(start + unit * block) * width, (start + (unit + 1) * block) * width];
        if (unit === spared) masks[tensor]!.fill(1, first, end);
        else masks[tensor]!.fill(0, first, end);
      }
    }
  }
  return masks;
}
