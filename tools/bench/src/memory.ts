// Most memory that training takes: forward, backward and SGD with momentum on the ONNX engine, and in PyTorch where
// --python has it with torchvision, each in a process that does nothing else, on one thread.
//
//   node tools/bench/run.mjs memory <network> [--batch 8] [--steps 4] [--python <interpreter>] [--dump <folder>]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createOnnxBackend } from '@ma-net/backend-onnx';
import { crossEntropy, type Params, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '4' },
    python: { type: 'string' },
    dump: { type: 'string' },
  },
});
const [name = 'resnet18-cifar'] = positionals;
const [batch, steps] = [Number(values.batch), Number(values.steps)];

/** Most memory that this process ever held, in MB. */
const peak = (): number => process.resourceUsage().maxRSS / 1e3;

const before = peak();
const backend = await startBackend(
  createOnnxBackend(values.dump === undefined ? {} : { dumpTo: values.dump }),
  { threads: 1 },
);
const net = await createTNet(name, { numClasses: name.includes('cifar') ? 10 : 1000 });
const rng = Rng.fromSeed(1);
let { params, stats } = net.init(rng);
let momentum: Params = {};
const side = name.includes('cifar') ? 32 : 224;
const images = tf.tensor4d(rng.normals(batch * side * side * 3, 1), [batch, side, side, 3]);
const labels = tf.tensor1d(
  Int32Array.from({ length: batch }, (_, k) => k % 10),
  'int32',
);

async function step(): Promise<number> {
  const made = tf.tidy(() => {
    const { value, grads, aux } = valueAndGrad(
      (p) => {
        const out = net.forward(p, stats, { images }, { training: true });
        return { value: crossEntropy(out.outputs['logits']!, labels), aux: out.stats };
      },
      params,
      Object.keys(params),
    );
    const sgd = { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
    const update = optimizerStep(sgd, params, grads, momentum, 0.1);
    return { value, stats: aux, params: update.params, momentum: update.state };
  });
  tf.dispose([params, stats, momentum] as unknown as tf.TensorContainer);
  ({ params, stats, momentum } = made);
  await backend.sync();
  const [loss] = await made.value.data();
  made.value.dispose();
  return loss!;
}

console.log(`${name}, ${batch} images of ${side} x ${side}: ${before.toFixed(0)} MB before the first step`);
for (let k = 1; k <= steps; k++) {
  const started = process.cpuUsage();
  const loss = await step();
  const { user, system } = process.cpuUsage(started);
  const seconds = (user + system) / 1e6;
  console.log(
    `step ${k}: ${peak().toFixed(0)} MB, ${seconds.toFixed(2)} s of a processor, loss ${loss.toFixed(6)}`,
  );
}
if (values.python !== undefined) {
  const script = fileURLToPath(new URL('../../../tools/bench/torch_memory.py', import.meta.url));
  spawnSync(values.python, [script, name, String(batch), String(steps)], { stdio: 'inherit' });
}
