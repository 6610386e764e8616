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
/** Side of the corners whose gradients the reference file holds, as in reference.py. */
const CORNER = 32;

/**
 * A training step of a network with ReLUs and batch normalisation is worse conditioned than the limit: rounding
 * decides about activations on kinks, and gradients are sums that cancel. There we may be as far from the exact
 * result as PyTorch's own single precision, times what exchanging its linear algebra library was seen to change:
 * 7.2e-3 with one and 3.8e-2 with another for DenseNet-121.
 */
const SLACK = 5;

/** What is compared, where the file holds it, what we found, and how many times PyTorch's own distance it may be off. */
type Row = readonly [string, string, Readonly<Record<string, HostTensor>>, number];

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
  const hasStatistics = network.statistics.length > 0;
  const { params, stats } = network.init(Rng.fromSeed(1));
  const { images, labels } = uploadParams({ images: tensors['images']!, labels: tensors['labels']! });
  /** Logits, gradients in PyTorch's names, and the next running statistics. */
  const step = async (images_BHWC: tf.Tensor, training: boolean) => {
    const { grads, aux, value } = valueAndGrad(
      (weights) => {
        const { outputs, stats: next } = network.forward(
          weights,
          stats,
          { images: images_BHWC },
          { training },
        );
        const { logits } = outputs;
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
  const evaluation = tf.tidy(
    () => network.forward(params, stats, { images: images! }, { training: false }).outputs.logits,
  );
  const evaluated = await readParams({ logits: evaluation });
  const corners: Readonly<Record<string, HostTensor>>[] = [];
  for (let i = 0; hasStatistics && i < 4; i++) {
    const [down, right] = [i >> 1, i & 1].map((far, axis) => far * (images!.shape[axis + 1]! - CORNER));
    const corner = tf.slice(images!, [0, down!, right!, 0], [-1, CORNER, CORNER, -1]);
    corners.push((await step(corner, false)).gradients);
    corner.dispose();
  }
  const trained = await step(images!, true);
  const smooth = hasStatistics ? await withoutKinks(() => step(images!, true)) : undefined;
  tf.dispose([params, stats, images, labels, evaluation] as tf.TensorContainer);

  console.log(`${name} on ${device}: largest distance from double precision`);
  const rows: Row[] = [
    ['logits, running statistics', 'eval/', evaluated, 0],
    ...clearest(corners, part),
    ['logits of a training step', 'train/', { logits: trained.logits }, 0],
    ['its gradients', 'grad/', trained.gradients, hasStatistics ? SLACK : 0],
    ['its running statistics', 'next/', trained.next, 0],
    ['its gradients, SiLU for ReLU', 'smooth/', smooth?.gradients ?? {}, 0],
  ];
  const verdicts = rows.map(([what, prefix, ours, slack]) => {
    const list = distances(ours, part(prefix));
    if (list.length === 0) return true;
    const worst = worstOf(list);
    const single = Math.max(...Object.values(part(`single/${prefix}`)).map(({ data }) => data[0]!));
    const ok = worst.error <= Math.max(LIMIT, slack * single);
    const middle = list.map(({ error }) => error).toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
    const more =
      list.length > 1 ? `, median ${middle.toExponential(1)}, worst of ${list.length}: ${worst.name}` : '';
    const verdict = ok ? '' : '  TOO FAR';
    const found = `${worst.error.toExponential(1)} (PyTorch's float32: ${single.toExponential(1)})`;
    console.log(`  ${what.padEnd(30)} ${found}${verdict}${more}`);
    return ok;
  });
  return verdicts.every(Boolean);
}

/** The corner where we are nearest; no row if there are none. In another one an activation may lie on its kink. */
function clearest(
  corners: readonly Readonly<Record<string, HostTensor>>[],
  part: (prefix: string) => Record<string, HostTensor>,
): Row[] {
  const found = corners.map((ours, i) => ({
    ours,
    i,
    error: worstOf(distances(ours, part(`corner${i}/`))).error,
  }));
  const [best] = found.toSorted((a, b) => a.error - b.error);
  return best === undefined
    ? []
    : [[`its gradients at ${CORNER} x ${CORNER}`, `corner${best.i}/`, best.ours, 0]];
}

interface Distance {
  readonly name: string;
  readonly error: number;
}

const worstOf = (list: readonly Distance[]): Distance => list.reduce((a, b) => (b.error > a.error ? b : a));

/** Runs `body` with SiLU, x sigmoid(x), in place of every ReLU: kernel and gradient are exchanged in tfjs's registry. */
async function withoutKinks<T>(body: () => Promise<T>): Promise<T> {
  const backendName = tf.getBackend();
  const kernel = tf.getKernel('Relu', backendName);
  const gradient = tf.getGradient('Relu');
  tf.unregisterKernel('Relu', backendName);
  tf.unregisterGradient('Relu');
  const call = (name: string, inputs: tf.NamedTensorInfoMap, backend: object): tf.TensorInfo =>
    tf.getKernel(name, backendName).kernelFunc({ inputs, attrs: {}, backend }) as tf.TensorInfo;
  tf.registerKernel({
    kernelName: 'Relu',
    backendName,
    kernelFunc({ inputs: { x }, backend: given }) {
      const backend = given as tf.KernelBackend;
      const sigmoid = call('Sigmoid', { x }, backend);
      const y = call('Multiply', { a: x, b: sigmoid }, backend);
      backend.disposeData(sigmoid.dataId);
      return y;
    },
  });
  tf.registerGradient({
    kernelName: 'Relu',
    inputsToSave: ['x'],
    gradFunc(dy, [x]) {
      const slope = (): tf.Tensor => {
        const s = tf.sigmoid(x!);
        return tf.mul(s, tf.add(1, tf.mul(x!, tf.sub(1, s))));
      };
      return { x: () => tf.mul(dy as tf.Tensor, slope()) };
    },
  });
  try {
    return await body();
  } finally {
    tf.unregisterKernel('Relu', backendName);
    tf.unregisterGradient('Relu');
    tf.registerKernel(kernel);
    tf.registerGradient(gradient);
  }
}

/**
 * |ours - theirs| / |theirs| of every tensor, in the Euclidean norm. Tensors that are zero in theory, as the
 * gradients of the biases of keys, are measured against the typical size of all.
 */
function distances(
  ours: Readonly<Record<string, HostTensor>>,
  theirs: Readonly<Record<string, HostTensor>>,
): Distance[] {
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
