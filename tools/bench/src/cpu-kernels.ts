// The kernels of backend-cpu against those they replace, as ratios of time; then where one training step
// of a small residual network spends its time.

import { cpu } from '@ma-net/backend-cpu';
import { crossEntropy, defineNetwork, type Net, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

tf.registerBackend('stock', () => {
  const backend = new MathBackendCPU();
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return backend;
});
tf.copyRegisteredKernels('cpu', 'stock');
await startBackend(cpu);

const rng = Rng.fromSeed(1);
const random = (...shape: number[]): tf.Tensor =>
  tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b, 1),
      1,
    ),
    shape,
  );

interface Case {
  readonly name: string;
  /** Multiply-adds or numbers touched, for the rate. */
  readonly work: number;
  /** Makes the inputs on the current backend; running the result does the work. */
  readonly prepare: () => () => tf.Tensor;
}

const conv = (batch: number, size: number, channels: number, kernel: number, stride: number): Case[] => {
  const out = Math.ceil(size / stride);
  const work = batch * out * out * kernel * kernel * channels * channels;
  const label = `${kernel}x${kernel}/${stride} [${batch}, ${size}, ${size}, ${channels}]`;
  const pad = (kernel - 1) / 2;
  const x = (): tf.Tensor4D => random(batch, size, size, channels) as tf.Tensor4D;
  const w = (): tf.Tensor4D => random(kernel, kernel, channels, channels) as tf.Tensor4D;
  const run = (kernelName: string, inputs: tf.NamedTensorMap, attrs: object): (() => tf.Tensor) => {
    const all = { strides: stride, pad, dataFormat: 'NHWC', dilations: 1, ...attrs };
    return () => tf.engine().runKernel(kernelName, inputs, all as unknown as tf.NamedAttrMap) as tf.Tensor;
  };
  return [
    { name: `conv ${label}`, work, prepare: () => run('Conv2D', { x: x(), filter: w() }, {}) },
    {
      name: `conv, to input ${label}`,
      work,
      prepare: () =>
        run(
          'Conv2DBackpropInput',
          { dy: random(batch, out, out, channels), filter: w() },
          { inputShape: [batch, size, size, channels] },
        ),
    },
    {
      name: `conv, to filter ${label}`,
      work,
      prepare: () =>
        run(
          'Conv2DBackpropFilter',
          { x: x(), dy: random(batch, out, out, channels) },
          { filterShape: [kernel, kernel, channels, channels] },
        ),
    },
  ];
};

const cases: Case[] = [
  ...conv(32, 8, 16, 3, 1),
  ...conv(32, 8, 16, 3, 2),
  ...conv(2, 16, 32, 3, 1),
  ...conv(8, 16, 32, 1, 1),
  {
    name: 'matmul [256, 256] [256, 256]',
    work: 256 ** 3,
    prepare: () => {
      const [a, b] = [random(256, 256) as tf.Tensor2D, random(256, 256) as tf.Tensor2D];
      return () => tf.matMul(a, b, false, true);
    },
  },
  ...(['add', 'sub', 'mul', 'div'] as const).flatMap((op): Case[] => [
    {
      name: `${op} [64, 8, 8, 16] [16]`,
      work: 64 * 8 * 8 * 16,
      prepare: () => {
        const [a, b] = [random(64, 8, 8, 16), random(16)];
        return () => tf[op](a, b);
      },
    },
  ]),
  ...(['sum', 'mean'] as const).map(
    (op): Case => ({
      name: `${op} [64, 8, 8, 16] over [0, 1, 2]`,
      work: 64 * 8 * 8 * 16,
      prepare: () => {
        const a = random(64, 8, 8, 16);
        return () => tf[op](a, [0, 1, 2]);
      },
    }),
  ),
  {
    name: 'transpose [64, 64, 16] to [64, 16, 64]',
    work: 64 * 64 * 16,
    prepare: () => {
      const a = random(64, 64, 16);
      return () => tf.transpose(a, [0, 2, 1]);
    },
  },
  {
    name: 'relu [64, 8, 8, 16]',
    work: 64 * 8 * 8 * 16,
    prepare: () => {
      const a = random(64, 8, 8, 16);
      return () => tf.relu(a);
    },
  },
];

/** Median milliseconds of a run, after a warm-up. */
async function measure(backend: string, { prepare }: Case): Promise<number> {
  await tf.setBackend(backend);
  return tf.tidy((): number => {
    const run = prepare();
    const times: number[] = [];
    const end = performance.now() + 400;
    while (times.length < 4 || (performance.now() < end && times.length < 200)) {
      const started = performance.now();
      run().dispose();
      times.push(performance.now() - started);
    }
    return times.slice(1).sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)]!;
  });
}

console.log(
  `${'kernel'.padEnd(44)} ${'stock ms'.padStart(9)} ${'ours ms'.padStart(9)} ${'ratio'.padStart(7)}   G/s`,
);
for (const one of cases) {
  const [stock, ours] = [await measure('stock', one), await measure('cpu', one)];
  console.log(
    `${one.name.padEnd(44)} ${stock.toFixed(2).padStart(9)} ${ours.toFixed(2).padStart(9)} ${(stock / ours).toFixed(1).padStart(7)} ${(one.work / ours / 1e6).toFixed(2).padStart(5)}`,
  );
}

function block<V>(net: Net<V>, name: string, x: V, out: number, stride: number): V {
  const inner = net.relu(
    net.batchNorm(`${name}.bn1`, net.conv(`${name}.conv1`, x, { out, kernel: 3, stride })),
  );
  const residual = net.batchNorm(`${name}.bn2`, net.conv(`${name}.conv2`, inner, { out, kernel: 3 }));
  if (stride === 1) return net.relu(net.add(residual, x));
  const shortcut = net.conv(`${name}.downsample`, x, { out, kernel: 1, stride });
  return net.relu(net.add(residual, net.batchNorm(`${name}.bn3`, shortcut)));
}

const network = defineNetwork('small', { images: [8, 8, 1] }, (net, { images }) => {
  const stem = net.relu(net.batchNorm('bn1', net.conv('conv1', images, { out: 16, kernel: 3 })));
  const deep = block(net, 'layer2', block(net, 'layer1', stem, 16, 1), 32, 2);
  return { logits: net.dense('fc', net.globalAveragePool(deep), { out: 10 }) };
});

/** Milliseconds of one training step with 64 images, and the share of each kernel. */
async function profile(
  backend: string,
  steps: number,
): Promise<{ readonly step: number; readonly kernels: ReadonlyMap<string, number> }> {
  await tf.setBackend(backend);
  const kernels = new Map<string, number>();
  for (const config of tf.getKernelsForBackend(backend)) {
    const { kernelFunc, kernelName } = config;
    config.kernelFunc = (call) => {
      const started = performance.now();
      const result = kernelFunc(call);
      kernels.set(kernelName, (kernels.get(kernelName) ?? 0) + performance.now() - started);
      return result;
    };
  }
  const { params, stats } = network.init(Rng.fromSeed(1));
  const images = random(64, 8, 8, 1) as tf.Tensor4D;
  const labels = tf.tensor1d(
    Array.from({ length: 64 }, (_, i) => i % 10),
    'int32',
  );
  const train = (): void =>
    tf.tidy(() => {
      valueAndGrad(
        (all) => {
          const result = network.forward(all, stats, { images }, { training: true });
          return { value: crossEntropy(result.outputs.logits, labels), aux: {} };
        },
        params,
        Object.keys(params),
      );
    });
  train();
  kernels.clear();
  const started = performance.now();
  for (let i = 0; i < steps; i++) train();
  return { step: (performance.now() - started) / steps, kernels };
}

const [stock, ours] = [await profile('stock', 1), await profile('cpu', 10)];
console.log(
  `\none step of a residual network of five convolutions, 64 images of 8 x 8: ${stock.step.toFixed(0)} ms stock, ${ours.step.toFixed(0)} ms ours, ratio ${(stock.step / ours.step).toFixed(1)}`,
);
for (const [name, time] of [...ours.kernels].sort((a, b) => b[1] - a[1]).slice(0, 10))
  console.log(`  ${name.padEnd(24)} ${(time / 10).toFixed(2).padStart(7)} ms`);
