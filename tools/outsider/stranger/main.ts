// All of it together: trains, prunes, compacts, exports, saves and reloads what the packages know nothing of, and
// prints what came of it as one line of JSON.

import { onnx } from '@ma-net/backend-onnx';
import { evaluate, type Params, readParams, Rng, startBackend } from '@ma-net/core';
import { loadNetwork, saveNetwork, type TrainedNetwork } from '@ma-net/export/node';
import { onnx as onnxFormat } from '@ma-net/export/parts';
import { applyCompaction } from '@ma-net/mnet';
import { decide, installedIn, networkFacts, openRun, runOf } from '@ma-net/run/node';
import { fit } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { type Bars, bars } from './bars.ts';
import { barsNet } from './network.ts';
import recipe from './recipe.ts';

await startBackend(onnx);

const installed = installedIn('.');
const run = await openRun(recipe(), installed);
const { task } = run;
const state = run.start();
const rounds: string[] = [];
await fit({
  ...runOf(run),
  state,
  listen: (event) => {
    if (event.type === 'round') rounds.push(event.round.kind);
  },
});

const test = bars(Rng.fromSeed(99), 64);
const decision = await decide(run, state, { dense: false });
const { plan, compaction, removal } = decision;
const { stats } = state.sections;
const pruned: TrainedNetwork = { network: barsNet, params: removal!.weights(), stats };
const compact = applyCompaction(barsNet, pruned.params, stats, compaction!);

const facts = networkFacts(run, decision);
await saveNetwork('bars.safetensors', compact, facts);
const reloaded = await loadNetwork('bars.safetensors', { installed });
const graph = await onnxFormat.open({});
await graph.write('bars.onnx', compact, facts, { pixels: false });
const exported = await graph.run('bars.onnx', await readParams({ images: test.pictures }));

const expected = await logits(pruned);
console.log(
  JSON.stringify({
    rounds,
    right: (await measure(pruned)).right,
    parameters: [barsNet, compact.network].map(({ parameters }) =>
      parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    ),
    kept: plan!.kernels.map(({ keptConnections, preNeurons, postNeurons }) => [
      keptConnections,
      preNeurons * postNeurons,
    ]),
    compacted: largestDifference(await logits(compact), expected),
    reloaded: largestDifference(await logits(reloaded), expected),
    exported: largestDifference(exported['logits']!.data, expected),
  }),
);

function measure({ params }: { readonly params: Params }) {
  return evaluate(task, { params, stats }, [{ ...copy(test) }]) as Promise<{ readonly right: number }>;
}

/** Whoever measures disposes the batch. */
function copy({ pictures, answers }: Bars): Bars {
  return { pictures: pictures.clone(), answers: answers.clone() };
}

async function logits({ network, params, stats: moments }: TrainedNetwork): Promise<Float32Array> {
  const out = tf.tidy(
    () => network.forward(params, moments, { images: test.pictures }, { training: false }).outputs['logits']!,
  );
  return (await out.data()) as Float32Array;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));
}
