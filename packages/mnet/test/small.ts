// Small networks and MNets that several tests share.

import { defineNetwork, type Masks, type ModulatedKernel, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { createMNet, type Modulations, type MNet } from '../src/mnet.ts';
import type { MNetOptions } from '../src/options.ts';
import { selected } from './selected.ts';

/** A stem, a residual block of two modulated convolutions, a modulated dense layer, a classifier. */
export const smallNetwork = selected(
  defineNetwork('small', { images: [6, 6, 2] }, (net, { images }) => {
    const stem = net.relu(net.batchNorm('bn', net.conv('stem', images, { out: 5, kernel: 3 })));
    const inner = net.relu(net.batchNorm('bn1', net.conv('conv1', stem, { out: 7, kernel: 3 })));
    const block = net.relu(
      net.add(net.batchNorm('bn2', net.conv('conv2', inner, { out: 5, kernel: 3 })), stem),
    );
    const hidden = net.relu(net.dense('hidden', net.globalAveragePool(block), { out: 6 }));
    return { logits: net.dense('fc', hidden, { out: 3 }) };
  }),
);

export const smallOptions: Partial<MNetOptions> = {
  astrocytes: 3,
  cells: 2,
  hidden: 8,
  rank: 4,
  bins: 3,
  heads: 2,
};

/** Phi as after some training: every tensor is moved away from its start, the zero ones too. */
function trainedPhi(mnet: MNet, seed = 1): Params {
  const rng = Rng.fromSeed(seed);
  return tf.tidy(() => {
    const fresh = mnet.init(rng);
    return Object.fromEntries(
      Object.entries(fresh).map(([name, t]) => {
        const noise = tf.tensor(rng.split(`noise ${name}`).normals(t.size, 0.4), t.shape);
        return [name, tf.add(t, noise)];
      }),
    );
  });
}

export interface Setup {
  readonly mnet: MNet;
  readonly phi: Params;
  readonly weights: Params;
  readonly stats: Params;
  /** The next evaluation, from `state`. */
  evaluate(over?: { phi?: Params; state?: Params; T?: number; previous?: Params }): Modulations;
}

/** The small network with an MNet whose Phi is `trained` (default) or fresh. */
export function setup(options: Partial<MNetOptions> = {}, { trained = true, seed = 1 } = {}): Setup {
  const mnet = createMNet(smallNetwork.kernels, { ...smallOptions, ...options });
  const { params: weights, stats } = smallNetwork.init(Rng.fromSeed(seed));
  const phi = trained ? trainedPhi(mnet, seed) : mnet.init(Rng.fromSeed(seed));
  const now = mnet.descriptors(weights);
  const rest = mnet.restState();
  return {
    mnet,
    phi,
    weights,
    stats,
    evaluate: ({ phi: other = phi, state = rest, T = 2, previous = now } = {}) =>
      mnet.modulations(other, { descriptors: now, previous, state, competition: tf.scalar(T) }),
  };
}

/** The numbers of each tensor on the host. */
export function onHost(params: Params): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(params).map(([name, t]) => [name, t.dataSync() as Float32Array]));
}

/** Host masks as tensors [F, O] like those of `q`. */
export function maskTensors(q: Params, masks: Readonly<Record<string, Uint8Array>>): Params {
  return Object.fromEntries(
    Object.entries(q).map(([name, t]) => [name, tf.tensor(Float32Array.from(masks[name]!), t.shape)]),
  );
}

/** Masks that keep every connection. */
export function fullMasks(kernels: readonly ModulatedKernel[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => [
      param,
      new Uint8Array(preNeurons * postNeurons).fill(1),
    ]),
  );
}

/** Masks of the small network in which nobody reads the given pre-neurons of one kernel. */
export function without(
  param: string,
  pres: readonly number[],
  masks: Masks = fullMasks(smallNetwork.kernels),
): Masks {
  const { postNeurons } = smallNetwork.kernels.find((k) => k.param === param)!;
  const mask = masks[param]!.slice();
  for (const i of pres) mask.fill(0, i * postNeurons, (i + 1) * postNeurons);
  return { ...masks, [param]: mask };
}
