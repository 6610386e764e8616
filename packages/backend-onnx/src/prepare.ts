// A function recorded once and called as one kernel, with the tensors that it closes over as constants: no call records
// it anew, and ONNX Runtime packs the weights and joins normalisations with convolutions once.

import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Entry } from './call.ts';
import type { Kernel, Signature } from './kernel.ts';
import { lowerCalls } from './lower/lower.ts';
import { onnxType, type Val } from './lower/lowering.ts';
import type { RecordingBackend } from './recording.ts';

export interface RecordedApart {
  readonly signature: Signature;
  /** Of the inputs, and of the outputs. */
  readonly names: readonly string[];
  readonly made: readonly string[];
}

/**
 * Records `f` apart from everything else, with inputs that have the shapes of these. Undefined where a kernel runs on the
 * host, where what it closes over is not computed yet, and where an output follows no input.
 */
export function recordApart(
  backend: RecordingBackend,
  f: (inputs: Params) => Params,
  inputs: Params,
): RecordedApart | undefined {
  const { recorder } = backend;
  const names = Object.keys(inputs);
  const places = names.map((name) => recorder.write(undefined, inputs[name]!.shape, inputs[name]!.dtype));
  const given = places.map((place) => tensorOf(backend, place));
  const { value: results, calls } = recorder.apart(() =>
    tf.tidy(
      () => f(Object.fromEntries(names.map((name, k) => [name, given[k]!]))) as tf.TensorContainerObject,
    ),
  );
  const outputs = Object.entries(results as Params).map(([name, { dataId, shape, dtype }]) => {
    return { name, entry: recorder.entry(dataId, 'A prepared function'), shape, dtype };
  });
  const made = new Set(calls.flatMap((call) => call.outputs));
  const read = calls.flatMap((call) => call.inputs);
  const constants = new Map(
    read.filter((entry) => !made.has(entry) && !places.includes(entry)).map((entry) => [entry, entry.values]),
  );
  // From here on buffers are only names, and constants arrays.
  recorder.done(calls);
  tf.dispose([given, results]);
  const whole =
    calls.every(({ signature }) => signature.kernel !== undefined) &&
    [...constants.values()].every((values) => values !== undefined) &&
    outputs.every(({ entry }) => made.has(entry));
  if (!whole) return undefined;

  const kernel: Kernel = {
    inputs: '*',
    many: true,
    infer: () => outputs,
    lower(g, given) {
      const vals = new Map<Entry, Val>(places.map((place, k) => [place, given[k]!]));
      for (const [entry, values] of constants) {
        const name = g.model.constant(values as Float32Array, entry.shape, onnxType(entry.dtype));
        vals.set(entry, g.val(name, entry));
      }
      lowerCalls(g, calls, vals);
      return outputs.map(({ entry, shape }) => g.view(vals.get(entry)!, shape));
    },
  };
  const signature = recorder.unique({
    name: 'Prepared',
    kernel,
    attrs: {},
    inputs: places,
    inputNames: names,
    outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    inside: { calls, outputs: outputs.map(({ entry }) => entry) },
  });
  return { signature, names, made: outputs.map(({ name }) => name) };
}

/** Records a call of it. Borrows the inputs; the caller owns the outputs. */
export function callPrepared(
  backend: RecordingBackend,
  { signature, made }: RecordedApart,
  inputs: readonly tf.Tensor[],
): Params {
  const { recorder } = backend;
  const entries = inputs.map(({ dataId }) => recorder.entry(dataId, 'A prepared function'));
  const infos = recorder.append(signature, entries);
  return Object.fromEntries(infos.map(({ dataId }, k) => [made[k]!, tensorOf(backend, dataId as Entry)]));
}

const tensorOf = (backend: RecordingBackend, entry: Entry): tf.Tensor =>
  tf.engine().makeTensorFromDataId(entry, [...entry.shape], entry.dtype, backend);
