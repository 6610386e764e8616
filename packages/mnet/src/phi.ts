// Phi: the parameters of an MNet, and the state its cells keep between iterations.

import {
  Cost,
  type Initializer,
  initialValues,
  type ModulatedKernel,
  ones,
  type Params,
  type Rng,
  xavierUniform,
  zeros,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { MNetOptions } from './options.ts';
import { postTokenWidth, preTokenWidth } from './tokens.ts';

/** One tensor of Phi. `forget` is zero but for the forget gate of an LSTM, which starts at 1. */
export interface PhiSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer | 'forget';
}

/**
 * Every tensor of Phi: the shared ones, then those of each astrocyte. Initialised as section 12 says. Throws
 * `too-large` for options that no machine could hold.
 */
export function phiSpecs(kernels: readonly ModulatedKernel[], options: MNetOptions): readonly PhiSpec[] {
  const { astrocytes, cells, hidden: d, rank, bins, reduction, blocks, chain, temporal, gamma0 } = options;
  const specs: PhiSpec[] = [];
  const cost = new Cost('The astrocyte network');
  const add = (name: string, shape: readonly number[], init: PhiSpec['init']): void => {
    cost.add(name, shape);
    specs.push({ name, shape, init });
  };
  const dense = (
    name: string,
    inputs: number,
    outputs: number,
    init = xavierUniform(inputs, outputs),
  ): void => {
    add(`${name}.weight`, [inputs, outputs], init);
    add(`${name}.bias`, [outputs], zeros);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [d], ones);
    add(`${name}.bias`, [d], zeros);
  };

  add('pos', [astrocytes, d], { kind: 'normal', std: 0.02 });
  add('gamma', [kernels.length], { kind: 'constant', value: gamma0 });
  for (let b = 0; b < blocks; b++) {
    norm(`vit.${b}.n1`);
    norm(`vit.${b}.n2`);
    dense(`vit.${b}.qkv`, d, 3 * d);
    dense(`vit.${b}.proj`, d, d);
    dense(`vit.${b}.m1`, d, 2 * d);
    dense(`vit.${b}.m2`, 2 * d, d);
  }
  norm('norm');
  // Zero, so that the logits start as the magnitudes alone.
  dense('pa', d, rank, zeros);
  dense('pb', postTokenWidth(bins), rank);

  for (let j = 0; j < astrocytes; j++) {
    const astrocyte = `astro.${j}`;
    dense(`${astrocyte}.embed`, preTokenWidth(bins), d);
    dense(`${astrocyte}.fc1`, d, d / reduction);
    dense(`${astrocyte}.fc2`, d / reduction, d);
    if (chain && j > 0) dense(`${astrocyte}.chain`, d, d);
    if (temporal !== 'none') dense(`${astrocyte}.temporal`, temporal === 'all' ? astrocytes * d : d, d);
    for (let k = 0; k < cells; k++) {
      add(`${astrocyte}.cells.${k}.wx`, [d, 4 * d], xavierUniform(d, 4 * d));
      add(`${astrocyte}.cells.${k}.wh`, [d, 4 * d], { kind: 'orthogonal' });
      add(`${astrocyte}.cells.${k}.b`, [4 * d], 'forget');
    }
  }
  return specs;
}

/** Fresh parameters, owned by the caller; each tensor depends on the seed and its name only. */
export function initPhi(specs: readonly PhiSpec[], rng: Rng): Record<string, tf.Tensor> {
  return Object.fromEntries(
    specs.map(({ name, shape, init }) => {
      const values = init === 'forget' ? forgetBias(shape[0]!) : initialValues(init, shape, rng.split(name));
      return [name, tf.tensor(values, [...shape])];
    }),
  );
}

/** Names that a mini-batch updates: with the chain the shared ones and one astrocyte's, else all. */
export function activeNames(
  specs: readonly PhiSpec[],
  { chain, astrocytes }: MNetOptions,
  pointer: number,
): readonly string[] {
  const names = specs.map(({ name }) => name);
  if (!chain) return names;
  const turn = `astro.${pointer % astrocytes}.`;
  return names.filter((name) => !name.startsWith('astro.') || name.startsWith(turn));
}

/** Shapes of the state that is kept between iterations, by name. */
export function stateShapes(
  sizes: readonly number[],
  { cells, hidden }: Pick<MNetOptions, 'cells' | 'hidden'>,
): Record<string, readonly [number, number]> {
  const shapes: Record<string, readonly [number, number]> = {};
  sizes.forEach((preNeurons, j) => {
    for (let k = 0; k < cells; k++) {
      shapes[`cells.${j}.${k}.h`] = [preNeurons, hidden];
      shapes[`cells.${j}.${k}.c`] = [preNeurons, hidden];
    }
  });
  shapes['pooled'] = [sizes.length, hidden];
  return shapes;
}

/** The state before the first iteration: zeros, owned by the caller. */
export function restState(shapes: Readonly<Record<string, readonly [number, number]>>): Params {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.zeros([...shape])]));
}

/** Gate order i, f, g, o. */
function forgetBias(size: number): Float32Array {
  return new Float32Array(size).fill(1, size / 4, size / 2);
}
