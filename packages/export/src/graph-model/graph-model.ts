// A network as a tfjs graph model: what its forward pass computes, recorded and written as nodes of a TensorFlow graph.

import { type Tensors, trace, type Trace } from '@ma-net/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { type NetworkFacts, toJson } from '../network-facts.ts';
import type { TrainedNetwork } from '../network-file.ts';
import { dimensions, Graph, type NodeDef, typeName, type Value, type Weight } from './graph.ts';
import { writeTrace } from './write-trace.ts';

/** What model.json says, and the weights that lie beside it. */
export interface GraphModel {
  readonly description: {
    readonly format: 'graph-model';
    readonly modelTopology: { readonly node: readonly NodeDef[]; readonly [more: string]: unknown };
    readonly signature: Readonly<Record<'inputs' | 'outputs', unknown>>;
    readonly userDefinedMetadata: Readonly<Record<string, unknown>>;
  };
  readonly weights: readonly Weight[];
}

/** `producer` dates the operations that the graph uses: all are in every TensorFlow 2. */
const VERSIONS = { producer: 440, minConsumer: 12 };

/** Two sizes of the batch: primes that no other size of a network is likely to have. */
const BATCHES = [1009, 1013] as const;

/**
 * From `images` [batch, H, W, C], pixels or normalised images, to `logits` [batch, K], with the running statistics: the
 * kernels that the network's forward pass calls, recorded without running them. Borrows the tensors.
 */
export async function toGraphModel(
  { network, params, stats }: TrainedNetwork,
  facts: NetworkFacts,
  { pixels }: { readonly pixels: boolean },
): Promise<GraphModel> {
  const normalise = normalisation(facts.input);
  const parameters = { ...params, ...stats, ...normalise.parameters };
  const forward = ({ images }: Tensors): Tensors => {
    const images_BHWC = pixels ? normalise.apply(images!) : images!;
    const { outputs } = network.forward(params, stats, { images: images_BHWC }, { training: false });
    return { logits: outputs['logits']! };
  };
  const record = (batch: number): Promise<Trace> =>
    trace(forward, { images: { shape: [batch, ...network.inputs[0]!.shape] } }, parameters);
  const traces = [await record(BATCHES[0]), await record(BATCHES[1])] as const;
  try {
    // What follows from weights alone is computed now, unless it is as long as the batch.
    const made = traces.map(({ calls }) => calls.map(({ signature }) => JSON.stringify(signature.outputs)));
    const fixed = made[0]!.map((outputs, k) => outputs === made[1]![k]);
    for (const recorded of traces) recorded.fold((_, k) => fixed[k]!);
    const g = new Graph();
    const { logits: last } = writeTrace(g, ...traces);
    const logits = g.op('Identity', [last!], last!.shape, { name: 'logits' });
    return {
      description: {
        format: 'graph-model',
        modelTopology: { node: g.nodes, library: {}, versions: VERSIONS },
        signature: {
          inputs: { images: information({ node: 'images', shape: [-1, ...network.inputs[0]!.shape] }) },
          outputs: { logits: information(logits) },
        },
        userDefinedMetadata: {
          ...toJson(facts),
          takes: pixels ? 'pixels' : 'normalised images',
        },
      },
      weights: g.weights,
    };
  } finally {
    for (const recorded of traces) recorded.release();
    tf.dispose(normalise.parameters);
  }
}

const information = ({ node, shape }: Value): object => ({
  name: `${node}:0`,
  dtype: typeName('float32'),
  tensorShape: dimensions(shape),
});

/** (pixel / white - mean) / std, as one product and one sum. The caller disposes the parameters. */
function normalisation({ mean, std, white }: NetworkFacts['input']): {
  readonly parameters: Tensors;
  apply(pixels: tf.Tensor): tf.Tensor;
} {
  const scale_C = tf.tensor1d(std.map((s) => 1 / (white * s)));
  const shift_C = tf.tensor1d(std.map((s, c) => -mean[c]! / s));
  return {
    parameters: { 'input.scale': scale_C, 'input.shift': shift_C },
    apply: (pixels) => tf.add(tf.mul(pixels, scale_C), shift_C),
  };
}
