// A network as a tfjs graph model: its program, run on nodes of a TensorFlow graph instead of tensors.

import { MaNetError, type Net, netOf, readParams } from '@ma-net/core';
import type { NetworkFacts } from '../network-facts.ts';
import type { TrainedNetwork } from '../network-file.ts';
import { dimensions, Graph, type NodeDef, typeName, type Value, type Weight } from './graph.ts';
import { imageLayers } from './image-layers.ts';
import { Tensors } from './tensors.ts';
import { tokenLayers } from './token-layers.ts';

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

/**
 * From `images` [batch, H, W, C], pixels or normalised images, to `logits` [batch, K], with the running statistics.
 * The widths are those of the tensors. Borrows them.
 */
export async function toGraphModel(
  { network, params, stats }: TrainedNetwork,
  { classNames, ...facts }: NetworkFacts,
  { pixels }: { readonly pixels: boolean },
): Promise<GraphModel> {
  const tensors = new Tensors(await readParams({ ...params, ...stats }));
  const g = new Graph();
  const images = g.input('images', [-1, ...network.inputs[0]!.shape]);
  const net: Net<Value> = {
    ...netOf<Value>({ apply: ({ kind }) => refuse(kind), shape: (x) => x.shape.slice(1) }),
    ...imageLayers(g, tensors),
    ...tokenLayers(g, tensors),
  };
  const given = { images: pixels ? normalised(g, images, facts.input) : images };
  const made = network.program(net, given)['logits']!;
  const logits = g.op('Identity', [made], made.shape, { name: 'logits' });
  const information = ({ node, shape }: Value): object => ({
    name: `${node}:0`,
    dtype: typeName('float32'),
    tensorShape: dimensions(shape),
  });
  return {
    description: {
      format: 'graph-model',
      modelTopology: { node: g.nodes, library: {}, versions: VERSIONS },
      signature: { inputs: { images: information(images) }, outputs: { logits: information(logits) } },
      userDefinedMetadata: {
        ...facts,
        classes: classNames,
        takes: pixels ? 'pixels' : 'normalised images',
      },
    },
    weights: g.weights,
  };
}

function refuse(kind: string): never {
  throw new MaNetError('unsupported-op', `A graph model cannot be written of layers of the kind "${kind}".`, {
    hint: 'export the network as safetensors or ONNX.',
  });
}

/** (pixel / white - mean) / std, as one product and one sum. */
function normalised(g: Graph, pixels: Value, { mean, std, white }: NetworkFacts['input']): Value {
  const vector = (name: string, values: readonly number[]): Value =>
    g.constant(name, () => ({ shape: [values.length], dtype: 'float32', data: Float32Array.from(values) }));
  const scale_C = vector(
    'input.scale',
    std.map((s) => 1 / (white * s)),
  );
  const shift_C = vector(
    'input.shift',
    std.map((s, c) => -mean[c]! / s),
  );
  const scaled = g.op('Mul', [pixels, scale_C], pixels.shape);
  return g.op('AddV2', [scaled, shift_C], pixels.shape);
}
