// How alike the operations of an edge are, by what they do to the dimensions of all cells.

import { type Batch, type ForwardContext, type Params, sync, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Allowed, randomPath } from '../paths.ts';
import type { Path } from '../space.ts';
import type { Supernet } from '../supernet.ts';
import { localDimensions, squaredDistances } from './dimension.ts';
import { type Likeness, similarities, type Similarity } from './partition.ts';

/** An edge of a kind of cell. */
export interface Place {
  readonly cell: string;
  readonly edge: number;
}

/** Edges that still choose among all operations, in the order of cells and edges. */
export function openEdges(
  { cells, edges, operations }: Supernet['space'],
  allowed: Allowed,
): readonly Place[] {
  return cells.flatMap((cell) =>
    edges.flatMap((_, edge) => (allowed[cell]![edge]!.length === operations.length ? [{ cell, edge }] : [])),
  );
}

/** What there is to compare operations with. */
export interface Comparing<B extends Batch> {
  readonly task: Task<B>;
  readonly network: Supernet;
  readonly params: Params;
  readonly stats: Params;
  readonly ctx: ForwardContext;
  readonly neighbours: number;
  readonly likeness: Likeness;
}

export interface Compared {
  /** Of every open edge: [operations, operations]. */
  readonly similarity: readonly Similarity[];
  /** Mean loss of all that was looked at. */
  readonly loss: number;
}

/**
 * Similarity of the operations of every open edge on one mini-batch. All operations of an edge are looked at on the same path
 * through the others. Borrows everything, changes nothing but the generator of `ctx`, which it splits.
 */
export async function compared<B extends Batch>(
  from: Comparing<B>,
  allowed: Allowed,
  batch: B,
): Promise<Compared> {
  const { network, ctx, likeness } = from;
  const { space } = network;
  const rng = ctx.rng!.split('compare');
  const similarity: Similarity[] = [];
  let [losses, looks] = [0, 0];
  for (const open of openEdges(space, allowed)) {
    const base = randomPath(space, allowed, rng, open);
    const profiles: number[][] = [];
    for (const o of space.operations.keys()) {
      const path = { ...base, [open.cell]: base[open.cell]!.with(open.edge, o) };
      const { profile, loss } = await profileOf(from, path, batch);
      profiles.push(profile);
      losses += loss;
      looks++;
    }
    similarity.push(similarities(profiles, likeness));
  }
  return { similarity, loss: losses / looks };
}

/** The mean local intrinsic dimension of the output of every cell on one path, normalised with the mini-batch. */
export async function profileOf<B extends Batch>(
  { task, network, params, stats, ctx, neighbours }: Comparing<B>,
  path: Path,
  batch: B,
): Promise<{ readonly profile: number[]; readonly loss: number }> {
  const names = Array.from({ length: network.cells }, (_, i) => `cells.${i}`);
  const one = network.path(path).withOutputs(['logits', ...names]);
  const [distances, loss] = tf.tidy(() => {
    const { outputs } = one.forward(params, stats, task.inputs(batch), ctx);
    const squared = tf.stack(names.map((name) => squaredDistances(outputs[name]!)));
    return [squared, task.loss(outputs, batch, ctx).loss];
  }) as [tf.Tensor3D, tf.Scalar];
  // A graph for every path, so that it is the same one each time.
  const [squared, value] = await Promise.all([distances.data(), loss.data(), sync()]);
  const samples = distances.shape[1];
  tf.dispose([distances, loss]);
  const profile = names.map((_, cell) => {
    const own = squared.subarray(cell * samples ** 2, (cell + 1) * samples ** 2);
    const found = localDimensions(own, samples, neighbours);
    return found.reduce((a, b) => a + b, 0) / samples;
  });
  return { profile, loss: value[0]! };
}
