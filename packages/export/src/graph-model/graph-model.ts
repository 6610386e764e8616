// A network as a tfjs graph model: what its forward pass computes, recorded and written as nodes of a TensorFlow graph.

import { type Tensors, trace, type Trace } from '@ma-net/backend-onnx';
import type { ValueInfo } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type NetworkFacts, toJson } from '../network-facts.ts';
import type { TrainedNetwork } from '../network-bytes.ts';
import { normalisation } from '../normalisation.ts';
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
 * From the network's inputs [batch, ...], whose images are pixels or normalised, to its outputs, with the running
 * statistics: the kernels that the forward pass calls, recorded without running them. Borrows the tensors.
 */
export async function toGraphModel(
  { network, params, stats }: TrainedNetwork,
  facts: NetworkFacts,
  { pixels }: { readonly pixels: boolean },
): Promise<GraphModel> {
  const normalise = normalisation(network, facts.input, pixels);
  const parameters = { ...params, ...stats, ...normalise.parameters };
  const forward = (inputs: Tensors): Tensors =>
    network.forward(params, stats, normalise.apply(inputs), { training: false }).outputs;
  const record = (batch: number): Promise<Trace> =>
    trace(
      forward,
      withNames(network.inputs, (shape) => ({ shape: [batch, ...shape] })),
      parameters,
    );
  const traces = [await record(BATCHES[0]), await record(BATCHES[1])] as const;
  try {
    // What follows from weights alone is computed now, unless it is as long as the batch.
    const made = traces.map(({ calls }) => calls.map(({ signature }) => JSON.stringify(signature.outputs)));
    const fixed = made[0]!.map((outputs, k) => outputs === made[1]![k]);
    for (const recorded of traces) recorded.fold((_, k) => fixed[k]!);
    const g = new Graph();
    const outputs = Object.entries(writeTrace(g, ...traces)).map(
      ([name, made]) => [name, information(g.op('Identity', [made], made.shape, { name }))] as const,
    );
    return {
      description: {
        format: 'graph-model',
        modelTopology: { node: g.nodes, library: {}, versions: VERSIONS },
        signature: {
          inputs: withNames(network.inputs, (shape, node) => information({ node, shape: [-1, ...shape] })),
          outputs: Object.fromEntries(outputs),
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
    tf.dispose(normalise.parameters as tf.TensorContainerObject);
  }
}

const information = ({ node, shape }: Value): object => ({
  name: `${node}:0`,
  dtype: typeName('float32'),
  tensorShape: dimensions(shape),
});

function withNames<T>(
  values: readonly ValueInfo[],
  make: (shape: readonly number[], name: string) => T,
): Record<string, T> {
  return Object.fromEntries(values.map(({ name, shape }) => [name, make(shape, name)]));
}
