// MA-Net's astrocyte network (Han, Pan, Liu: MA-Net: Rethinking Neural Unit in the Light of Astrocytes,
// AAAI 2024): from the weights of a task network to the relative probability of each of its connections.
//
// Suffixes: N pre-neurons of the network, P post-neurons, F pre-neurons of one astrocyte, M astrocytes,
// D hidden size, X and Z token widths.

import { type ModulatedKernel, type Params, param, type Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { activations } from './activation.ts';
import { type CellState, stepCells } from './cells.ts';
import { descriptors } from './descriptors.ts';
import { fuse, globalFeatures, localFeatures } from './features.ts';
import { logitsOf } from './head.ts';
import { hear } from './joint.ts';
import { type MNetChoices, type MNetOptions, resolveOptions } from './options.ts';
import { type Partition, partitionPreNeurons } from './partition.ts';
import { activeNames, initPhi, phiSpecs, restState, stateShapes } from './phi.ts';
import { inverseOf, permuteRows, type RowOrder, rowOrder, splitRows } from './rows.ts';
import { postTokens, preTokens, type TokenConstants, tokenConstants } from './tokens.ts';

/**
 * What A(W, Phi) is computed of besides Phi. No input is detached here: make the descriptors outside the tape, unless
 * gradients are to go through them.
 */
export interface ModulationInputs {
  /** D of the weights now, as `descriptors` makes it. */
  readonly descriptors: Params;
  /** D at the beginning of the previous modulated round; D itself in the first one. */
  readonly previous: Params;
  /** State after the previous iteration, or `restState()`. */
  readonly state: Params;
  /** T, the competition: 0 makes every q equal to 1. */
  readonly competition: tf.Scalar;
}

/** One evaluation of A(W, Phi). The caller owns every tensor. */
export interface Modulations {
  /** Relative probabilities by parameter name, [F, O]; 1 is average. */
  readonly q: Params;
  /** Logits by parameter name, [F, O], before the competition. */
  readonly logits: Params;
  /** S, the descriptors of the astrocytes (g1), [M, D]. */
  readonly local_MD: tf.Tensor2D;
  /** v, their global features (g2), [M, D]. */
  readonly global_MD: tf.Tensor2D;
  /** State after this iteration; the caller commits it by passing it to the next one. */
  readonly state: Params;
}

export interface MNet {
  readonly kernels: readonly ModulatedKernel[];
  readonly options: MNetOptions;
  readonly partition: Partition;
  /** Names of Phi: the shared parameters, then those of each astrocyte. */
  readonly names: readonly string[];
  /** Shapes of Phi by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** A fresh Phi, owned by the caller. With it modulation is a competition of magnitudes. */
  init(rng: Rng): Params;
  /** Names of Phi that mini-batch `pointer` of the MNet rounds updates (section 5). */
  active(pointer: number): readonly string[];
  /** Shapes of what is kept between iterations: `cells.<j>.<k>.h`, `.c` [F_j, D] and `pooled` [M, D]. */
  readonly stateShapes: Readonly<Record<string, readonly number[]>>;
  /** The state before the first iteration. */
  restState(): Params;
  /** D of every modulated kernel of `weights`, by parameter name, [F, O]; owned by the caller. */
  descriptors(weights: Params): Params;
  /** A(W, Phi). Pure: borrows its arguments and moves no state. */
  modulations(phi: Params, inputs: ModulationInputs): Modulations;
  /** One line on what is modulated by what. */
  describe(): string;
  /** Frees the constants that evaluations share. */
  dispose(): void;
}

/** Makes the MNet of a network's connections. Throws `bad-argument` for options that do not fit them. */
export function createMNet(kernels: readonly ModulatedKernel[], given: MNetChoices = {}): MNet {
  const options = resolveOptions(kernels, given);
  const partition = partitionPreNeurons(kernels, options.astrocytes, options.partition);
  const specs = phiSpecs(kernels, options);
  const shapes = stateShapes(partition.sizes, options);
  const constants = lazyConstants(() => ({
    tokens: tokenConstants(kernels, options.bins, partition.order),
    toPreNeurons: rowOrder(inverseOf(partition.order)),
  }));
  return {
    kernels,
    options,
    partition,
    names: specs.map(({ name }) => name),
    shapes: Object.fromEntries(specs.map(({ name, shape }) => [name, shape])),
    init: (rng) => initPhi(specs, rng),
    active: (pointer) => activeNames(specs, options, pointer),
    stateShapes: shapes,
    restState: () => restState(shapes),
    descriptors: (weights) => descriptors(kernels, weights),
    modulations: (phi, inputs) =>
      tf.tidy(() => modulations(kernels, options, partition, constants.get(), phi, inputs)),
    describe: () => describeMNet(kernels, options, specs),
    dispose: () => constants.dispose(),
  };
}

interface Constants {
  readonly tokens: TokenConstants;
  readonly toPreNeurons: RowOrder;
}

function modulations(
  kernels: readonly ModulatedKernel[],
  options: MNetOptions,
  { sizes }: Partition,
  { tokens, toPreNeurons }: Constants,
  phi: Params,
  { descriptors: now, previous, state, competition }: ModulationInputs,
): Modulations & tf.TensorContainerObject {
  const tokens_NX = preTokens(kernels, tokens, now, previous);
  const postTokens_PZ = postTokens(kernels, tokens, now);

  // G: local features per astrocyte, global features of all of them.
  const local = splitRows(tokens_NX, sizes).map((tokens_FX, j) => localFeatures(phi, j, tokens_FX));
  const local_MD = tf.concat(
    local.map((u_FD): tf.Tensor2D => tf.mean(u_FD, 0, true)),
    0,
  );
  const global_MD = globalFeatures(phi, local_MD, options.blocks, options.heads);
  const global = splitRows(
    global_MD,
    sizes.map(() => 1),
  );

  // U and f: in order, because each astrocyte hears the one before it.
  const previous_MD = param(state, 'pooled') as tf.Tensor2D;
  const next: Record<string, tf.Tensor> = {};
  const outputs: tf.Tensor2D[] = [];
  const means: tf.Tensor2D[] = [];
  for (let j = 0; j < options.astrocytes; j++) {
    const features_FD = fuse(local[j]!, global[j]!);
    const x_FD = hear(phi, j, features_FD, { previous_MD, neighbour_1D: means[j - 1] }, options);
    const { out_FD, states } = stepCells(phi, j, x_FD, cellStates(state, j, options.cells));
    states.forEach(({ h_FD, c_FD }, k) => {
      next[`cells.${j}.${k}.h`] = h_FD;
      next[`cells.${j}.${k}.c`] = c_FD;
    });
    outputs.push(out_FD);
    means.push(tf.mean(out_FD, 0, true));
  }
  next['pooled'] = tf.concat(means, 0);

  const out_ND = permuteRows(tf.concat(outputs, 0), toPreNeurons);
  const logits = logitsOf(kernels, phi, out_ND, postTokens_PZ, now);
  const activate = activations[options.activation];
  const q = Object.fromEntries(
    Object.entries(logits).map(([name, logits_FO]) => [name, activate(tf.mul(logits_FO, competition))]),
  );
  return { q, logits, local_MD, global_MD, state: next };
}

function cellStates(state: Params, j: number, cells: number): readonly CellState[] {
  return Array.from({ length: cells }, (_, k) => ({
    h_FD: param(state, `cells.${j}.${k}.h`) as tf.Tensor2D,
    c_FD: param(state, `cells.${j}.${k}.c`) as tf.Tensor2D,
  }));
}

/** Constants are uploaded at the first evaluation, so that an MNet can be described without a backend. */
function lazyConstants<T extends object>(make: () => T): { get(): T; dispose(): void } {
  let made: T | undefined;
  return {
    get: () => (made ??= make()),
    dispose() {
      if (made !== undefined) tf.dispose(made as unknown as tf.TensorContainer);
      made = undefined;
    },
  };
}

function describeMNet(
  kernels: readonly ModulatedKernel[],
  { astrocytes, cells }: MNetOptions,
  specs: readonly { readonly shape: readonly number[] }[],
): string {
  const sum = (of: (k: ModulatedKernel) => number): number => kernels.reduce((total, k) => total + of(k), 0);
  const parameters = specs.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
  return [
    `${kernels.length} modulated kernels`,
    `${sum((k) => k.preNeurons)} pre-neurons`,
    `${sum((k) => k.preNeurons * k.postNeurons)} connections`,
    `${astrocytes} astrocytes of ${cells} cells`,
    `${parameters} parameters`,
  ].join(', ');
}
