// One network on the ONNX engine, on one thread: a training step or an inference for every line it is sent.

import { createInterface } from 'node:readline';
import { createOnnxBackend } from '@ma-net/backend-onnx';
import { crossEntropy, type Params, Rng, settle, startBackend, valueAndGrad } from '@ma-net/core';
import { classesOf } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

export type Mode = 'training' | 'inference';

/** What one step took. */
export interface Step {
  /** Seconds of a processor, and of a clock. */
  readonly cpu: number;
  readonly wall: number;
  /** Most memory that the process ever held, in GB. */
  readonly peak: number;
  /** Seconds of a processor that JavaScript took, and seconds spent compiling; of this engine only. */
  readonly script?: number;
  readonly compiling?: number;
}

/** Steps of a profile: the first two compile, and the last two are warm. */
const PROFILED = 4;

const seconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** The steps of network `name` on mini-batches of `batch` images. With a folder, ONNX Runtime's profiles go there. */
async function ownSteps(
  name: string,
  batch: number,
  profileTo?: string,
): Promise<(mode: Mode) => Promise<Step>> {
  const adapter = createOnnxBackend(profileTo === undefined ? {} : { profileTo });
  const backend = await startBackend(adapter, { threads: 1 });
  const network = await createTNet(name, {
    numClasses: name.includes('cifar') ? 10 : 1000,
  });
  const rng = Rng.fromSeed(1);
  let { params, stats } = network.init(rng);
  let momentum: Params = {};
  const shape = [batch, ...network.inputs[0]!.shape];
  const images = tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, k) => k % classesOf(network)),
    'int32',
  );

  // Of weights that stay, as those of a network whose training is over.
  const settled = await settle({ network, ...network.init(rng) });
  const inference = (): tf.Tensor =>
    tf.tidy(
      () =>
        settled.network.forward(settled.params, settled.stats, { images }, { training: false }).outputs[
          'logits'
        ]!,
    );

  const training = (): tf.Tensor => {
    const made = tf.tidy(() => {
      const { value, grads, aux } = valueAndGrad(
        (p) => {
          const out = network.forward(p, stats, { images }, { training: true });
          return {
            value: crossEntropy(out.outputs['logits']!, labels),
            aux: out.stats,
          };
        },
        params,
        Object.keys(params),
      );
      const sgd = { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
      const update = optimizerStep(sgd, params, grads, momentum, 0.01);
      return {
        value,
        stats: aux,
        params: update.params,
        momentum: update.state,
      };
    });
    tf.dispose([params, stats, momentum] as tf.TensorContainer);
    ({ params, stats, momentum } = made);
    return made.value;
  };

  return async (mode) => {
    const before = backend.counters();
    const [cpu, wall] = [seconds(), performance.now()];
    const made = mode === 'training' ? training() : inference();
    const recorded = seconds() - cpu;
    await backend.sync();
    await made.data();
    made.dispose();
    const after = backend.counters();
    const spent = (counter: string): number => ((after[counter] ?? 0) - (before[counter] ?? 0)) / 1000;
    return {
      cpu: seconds() - cpu,
      wall: (performance.now() - wall) / 1000,
      peak: process.resourceUsage().maxRSS / 1e6,
      script: recorded + spent('hashMs'),
      compiling: spent('compileMs'),
    };
  };
}

/** Answers every line on standard input, a mode, with a line of JSON. */
export async function serve(name: string, batch: number): Promise<void> {
  const step = await ownSteps(name, batch);
  for await (const mode of createInterface(process.stdin)) {
    console.log(JSON.stringify(await step(mode as Mode)));
  }
}

/** Runs `mode` until its graph is compiled and warm, and leaves ONNX Runtime's profiles in `folder`. */
export async function profileInto(folder: string, name: string, batch: number, mode: Mode): Promise<void> {
  const step = await ownSteps(name, batch, folder);
  for (let k = 0; k < PROFILED; k++) await step(mode);
  // A session writes its profile when it is released.
  tf.removeBackend('onnx');
}

/** Floating-point operations per second of a processor in large matrix products: the most that any step can reach. */
export async function matmulPeak(): Promise<number> {
  await startBackend(createOnnxBackend(), { threads: 1 });
  const [side, products, runs] = [1024, 8, 5];
  const [a, b] = [1, 2].map((seed) =>
    tf.tensor2d(Rng.fromSeed(seed).normals(side * side, 1 / side), [side, side]),
  );
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) {
    const started = seconds();
    const made = tf.tidy(() => {
      let x = a as tf.Tensor;
      for (let k = 0; k < products; k++) x = tf.matMul(x as tf.Tensor2D, b as tf.Tensor2D);
      return tf.sum(x);
    });
    await made.data();
    made.dispose();
    rates.push((products * 2 * side ** 3) / (seconds() - started));
  }
  return rates.toSorted((x, y) => y - x)[1]!;
}
