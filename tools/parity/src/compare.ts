// What a network of ours computes on the images of a reference file, and how far it is from PyTorch.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import {
  chooseBackend,
  crossEntropy,
  type HostTensor,
  type Params,
  readParams,
  Rng,
  uploadParams,
  valueAndGrad,
} from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import { createTNet, toPyTorch, withWeights } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';

export const names = ['resnet50', 'densenet121', 'vit-b16', 'swin-t'];

const LIMIT = 1e-4;

/**
 * Where single precision itself is further away, because activations lie on the kinks of ReLUs and gradients
 * are sums that cancel, we may be as far from the exact result as PyTorch is, give or take one doubling.
 */
const SLACK = 2;

/** Prints the largest relative errors; whether all are within the limit. */
export async function compare(name: string, path: string, backend: string): Promise<boolean> {
  const { device } = await chooseBackend([cpu, onnx], backend);
  const { tensors } = await readSafetensors(path);
  const part = (prefix: string): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, tensor]) => [key.slice(prefix.length), tensor]),
    );
  const numClasses = tensors['eval/logits']!.shape[1]!;
  const { network } = withWeights(await createTNet(name, { numClasses }), part('state/'), path);
  const { params, stats } = network.init(Rng.fromSeed(1));
  const { images, labels } = uploadParams({ images: tensors['images']!, labels: tensors['labels']! });
  /** Logits, gradients in PyTorch's names, and the next running statistics. */
  const step = async (training: boolean) => {
    const { grads, aux, value } = valueAndGrad(
      (weights) => {
        const { logits, stats: next } = network.forward(weights, stats, images as tf.Tensor4D, { training });
        return {
          value: crossEntropy(logits, labels as tf.Tensor1D),
          aux: training ? { logits, ...next } : { logits },
        };
      },
      params,
      network.parameters.map((p) => p.name),
    );
    const { logits, ...next } = await readParams(aux as Params);
    const gradients = toPyTorch(network, await readParams(grads));
    tf.dispose([grads, aux, value] as tf.TensorContainer);
    return { logits: logits!, gradients, next };
  };
  const evaluated = await step(false);
  const trained = await step(true);
  tf.dispose([params, stats, images, labels] as tf.TensorContainer);

  const results = {
    'logits, running statistics': ['eval/', { logits: evaluated.logits }],
    'gradients, running statistics': ['evalgrad/', evaluated.gradients],
    'logits, statistics of the batch': ['train/', { logits: trained.logits }],
    'gradients, stat. of the batch': ['grad/', trained.gradients],
    'next running statistics': ['next/', trained.next],
  } as const;
  console.log(`${name} on ${device}: largest distance from double precision`);
  let equal = true;
  for (const [what, [prefix, ours]] of Object.entries(results)) {
    const list = distances(ours, part(prefix));
    if (list.length === 0) continue;
    const worst = list.reduce((a, b) => (b.error > a.error ? b : a));
    const single = Object.values(part(`single/${prefix}`)).reduce(
      (max, { data }) => Math.max(max, data[0]!),
      0,
    );
    const ok = worst.error <= Math.max(LIMIT, SLACK * single);
    equal &&= ok;
    const middle = list.map(({ error }) => error).toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
    const more =
      list.length > 1 ? `, median ${middle.toExponential(1)}, worst of ${list.length}: ${worst.name}` : '';
    console.log(
      `  ${what.padEnd(32)} ${worst.error.toExponential(1)} (PyTorch's float32: ${single.toExponential(1)})${ok ? '' : '  TOO FAR'}${more}`,
    );
  }
  return equal;
}

/**
 * |ours - theirs| / |theirs| of every tensor, in the Euclidean norm. Tensors that are zero in theory, as the
 * gradients of the biases of keys, are measured against the typical size of all.
 */
function distances(
  ours: Readonly<Record<string, HostTensor>>,
  theirs: Readonly<Record<string, HostTensor>>,
): { readonly name: string; readonly error: number }[] {
  const norms = Object.values(theirs).map(({ data }) => norm(data));
  const typical = norms.toSorted((a, b) => a - b)[Math.floor(norms.length / 2)] ?? 0;
  return Object.entries(theirs).map(([name, { shape, data }]) => {
    const found = ours[name];
    if (found?.shape.join() !== shape.join()) return { name, error: Number.POSITIVE_INFINITY };
    const difference = Float64Array.from(data, (value, i) => value - found.data[i]!);
    return { name, error: norm(difference) / Math.max(norm(data), 1e-3 * typical) };
  });
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}
