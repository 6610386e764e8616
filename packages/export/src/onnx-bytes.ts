// ONNX in memory: one graph of standard operators, with the network's inputs and outputs [batch, ...] under their names.

import { exportOnnx, onnx, onnxMetadata, type OnnxModel, openOnnx } from '@ma-net/backend-onnx';
import { type HostBatch, type HostTensor, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { FormatOptions, OpenFile } from './format.ts';
import type { TrainedNetwork } from './network-bytes.ts';
import { graphFacts, type NetworkFacts, toMetadata } from './network-facts.ts';
import { normalisation } from './normalisation.ts';

/** The bytes of the ONNX file of a network. Borrows the tensors; it is recorded, never run. Throws what `exportOnnx` throws. */
export async function encodeOnnx(
  { network, params, stats }: TrainedNetwork,
  facts: NetworkFacts,
  { pixels, opset }: Pick<FormatOptions, 'pixels' | 'opset'>,
): Promise<Uint8Array> {
  const { parameters, apply } = normalisation(network, facts.input, pixels);
  const model = await exportOnnx(
    (inputs) => network.forward(params, stats, apply(inputs), { training: false }).outputs,
    {
      name: network.name,
      opset,
      inputs: Object.fromEntries(
        network.inputs.map(({ name, shape }) => [name, { shape: ['batch', ...shape] }]),
      ),
      parameters: { ...params, ...stats, ...parameters },
      metadata: { ...toMetadata(facts), takes: pixels ? 'pixels' : 'normalised images' },
    },
  );
  tf.dispose(parameters as tf.TensorContainerObject);
  return model;
}

/** A model in a file, or in its bytes, ready to be asked. Throws `bad-file` for one that is not of ours. */
export async function openGraph(file: string | Uint8Array, where: string): Promise<OpenFile> {
  const facts = graphFacts(await onnxMetadata(file, where), where);
  const model = await openOnnx(file, where);
  return { ...facts, run: (inputs) => ask(model, inputs), close: () => void model.release() };
}

/** Its outputs, as tensors in memory. */
export async function ask(model: OnnxModel, inputs: HostBatch): Promise<HostBatch> {
  const given = Object.entries(inputs).map(
    ([name, { data, shape }]) => [name, { data: Float32Array.from(data), shape }] as const,
  );
  const found = await model.run(Object.fromEntries(given));
  return Object.fromEntries(
    Object.entries(found).map(([name, { data, shape }]): [string, HostTensor] => [
      name,
      { dtype: 'float32', data, shape },
    ]),
  );
}

/** Starts the engine where no backend computes yet. */
export async function somethingToRunOn(): Promise<void> {
  if (tf.engine().backendName == null) await startBackend(onnx);
}
