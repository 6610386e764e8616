// One image, or a few, at a time: our evaluation, as `manet eval` and `manet predict` make it, in turn with ONNX Runtime alone
// on the file that `manet export` writes of the same network. One process, one thread, seconds of a processor:
//
//   node tools/bench/run.mjs latency [--batch 1] [--rounds 30] [network ...]

import { parseArgs } from 'node:util';
import { onnx } from '@ma-net/backend-onnx';
import { lookAt, readParams, Rng, settle, startBackend, uploadParams, type Weighed } from '@ma-net/core';
import { encodeOnnx, type NetworkFacts } from '@ma-net/export';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { values, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: { batch: { type: 'string', default: '1' }, rounds: { type: 'string', default: '30' } },
});
const NETWORKS = [
  'resnet18-cifar',
  'resnet50',
  'densenet121',
  'vit-ti16',
  'vit-s16',
  'swin-t',
  'msdnet-cifar',
];
const [batch, rounds] = [Number(values.batch), Number(values.rounds)];
/** Passes of each that are not counted. */
const WARM_UP = 3;

await startBackend(onnx, { threads: 1 });
console.log(
  `${batch} images, ${rounds} rounds in turn; milliseconds of a processor, medians (least and most)`,
);
console.log(
  '  network           here                     the file alone           ratio   differ by   first pass, without weights built in, opening the file',
);
for (const name of positionals.length > 0 ? positionals : NETWORKS) await compare(name);

async function compare(name: string): Promise<void> {
  const network = await createTNet(name, { numClasses: name.includes('cifar') ? 10 : 1000 });
  const rng = Rng.fromSeed(1);
  const { params, stats } = network.init(rng);
  const trained = { network, params, stats };
  const shape = [batch, ...network.inputs[0]!.shape];
  const images = rng.normals(
    shape.reduce((a, b) => a * b),
    1,
  );
  const facts = { input: { mean: [0], std: [1], white: 255 } } as unknown as NetworkFacts;
  const file = await encodeOnnx(trained, facts, { pixels: false });
  const open = (): Promise<InferenceSession> =>
    InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const [opening, session] = await timed(open);
  const task = classification(network);
  const settled = await settle(trained);

  const evaluated = async (asked: Weighed): Promise<ArrayLike<number>> => {
    const given = uploadParams({ images_BHWC: { shape, dtype: 'float32', data: images } });
    const { outputs, owned } = await lookAt(task, asked, given as never);
    const read = await readParams(outputs);
    tf.dispose([given, owned] as unknown as tf.TensorContainer);
    return read['logits']!.data;
  };
  const alone = async (): Promise<ArrayLike<number>> => {
    const { logits } = await session.run({ images: new Tensor('float32', images, shape) });
    return (logits as Tensor).data as Float32Array;
  };

  const times: [number[], number[]] = [[], []];
  const here = (): Promise<ArrayLike<number>> => evaluated(settled);
  const [first] = await timed(here);
  const [unsettled] = await timed(() => evaluated(trained));
  let differ = 0;
  for (let k = -WARM_UP; k < rounds; k++) {
    const [mine, a] = await timed(here);
    const [other, b] = await timed(alone);
    const scale = Math.max(...Array.from(b, Math.abs));
    for (let i = 0; i < a.length; i++) differ = Math.max(differ, Math.abs(a[i]! - b[i]!) / scale);
    if (k < 0) continue;
    times[0].push(mine);
    times[1].push(other);
  }
  const [mine, other] = times.map(told) as [string, string];
  const ratio = (median(times[0]) / median(times[1])).toFixed(2);
  console.log(
    `  ${name.padEnd(16)}  ${mine.padEnd(23)}  ${other.padEnd(23)}  ${ratio.padStart(5)}   ${differ.toExponential(1).padStart(9)}   ${[first, unsettled, opening].map((ms) => ms.toFixed(0).padStart(6)).join()}`,
  );
  settled.release();
  await session.release();
  tf.dispose([params, stats] as unknown as tf.TensorContainer);
}

async function timed<T>(body: () => Promise<T>): Promise<[number, T]> {
  const before = process.cpuUsage();
  const made = await body();
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000, made];
}

function told(of: readonly number[]): string {
  const [least, most] = [Math.min(...of), Math.max(...of)];
  return `${median(of).toFixed(1)} (${least.toFixed(1)} to ${most.toFixed(1)})`;
}

function median(of: readonly number[]): number {
  return of.toSorted((a, b) => a - b)[of.length >> 1]!;
}
