// Images per second of each family, in training and in inference: dense, and with half of its parameters pruned
// and compacted. A training step is forward, backward and SGD.
//
//   node tools/bench/run.mjs zoo [backend, or all] [batch] [network ...]
//
// Without names: the families at 32 x 32. At 224: resnet50 wide-resnet50-2 densenet121 vit-b16 swin-t.

import { cpu } from '@ma-net/backend-cpu';
import { cuda } from '@ma-net/backend-cuda';
import { onnx } from '@ma-net/backend-onnx';
import { webgpu } from '@ma-net/backend-webgpu';
import {
  crossEntropy,
  type Masks,
  type Network,
  type Params,
  Rng,
  startBackend,
  sync,
  valueAndGrad,
} from '@ma-net/core';
import { applyCompaction, applyPlan, type CompactionPlan, planCompaction, planOfMasks } from '@ma-net/mnet';
import { classesOf } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { optimizerStep } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const [wanted = 'all', batchText = '8', ...asked] = process.argv.slice(3);
const batch = Number(batchText);
const SMALL = [
  'resnet18-cifar',
  'wide-resnet28-10-cifar',
  'densenet-bc100-12-cifar',
  'vit-ti4-cifar',
  'swin-cifar',
];
const names = asked.length > 0 ? asked : SMALL;
/** Repetitions after two to warm up: a backend may compile in the first, and lay weights out in the second. */
const REPEATS = 3;

for (const adapter of [onnx, webgpu, cuda, cpu]) {
  if (wanted !== 'all' && wanted !== adapter.name) continue;
  const probe = await adapter.probe();
  if (!probe.ok) {
    console.log(`${adapter.name}: ${probe.reason}`);
    continue;
  }
  const { device } = await startBackend(adapter);
  console.log(`\n${adapter.name} (${device}), batch ${batch}, images/s`);
  console.log(row('network', 'parameters', 'MACs', 'inference', 'training'));
  for (const name of names) await measure(name);
}

async function measure(name: string): Promise<void> {
  const network = await createTNet(name, { numClasses: name.includes('cifar') ? 10 : 1000 });
  const { params, stats } = network.init(Rng.fromSeed(1));
  const dense = await speeds(network, params, stats);
  console.log(
    row(name, millions(sizeOf(network)), millions(macsOf(network)), ...dense.map((s) => s.toFixed(1))),
  );

  const { masks, plan } = halved(network);
  const pruned = applyPlan(params, planOfMasks(network, masks, { mode: 'target', removeModulated: 0.5 }));
  const small = applyCompaction(network, pruned, stats, plan);
  tf.dispose([params, stats, pruned] as tf.TensorContainer);
  const compacted = await speeds(small.network, small.params, small.stats);
  tf.dispose([small.params, small.stats] as tf.TensorContainer);
  const cells = compacted.map((speed, i) => `${speed.toFixed(1)} (x${(speed / dense[i]!).toFixed(2)})`);
  console.log(
    row('  half, compacted', millions(sizeOf(small.network)), millions(macsOf(small.network)), ...cells),
  );
}

/** Images per second of inference and of training steps. */
async function speeds(network: Network, params: Params, stats: Params): Promise<readonly [number, number]> {
  const rng = Rng.fromSeed(2);
  const shape = [batch, ...network.inputs[0]!.shape];
  const images = tf.tensor(
    rng.normals(
      shape.reduce((a, b) => a * b),
      1,
    ),
    shape,
  );
  const labels = tf.tensor1d(
    Int32Array.from({ length: batch }, (_, i) => i % classesOf(network)),
    'int32',
  );
  const inference = await timed(async () => {
    const { logits } = tf.tidy(() => {
      const { outputs } = network.forward(params, stats, { images }, { training: false });
      return { logits: outputs['logits']! };
    });
    await logits.data();
    logits.dispose();
  });

  const sgd = { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
  let state: { params: Params; stats: Params; momentum: Params } = tf.tidy(() => ({
    params: Object.fromEntries(Object.entries(params).map(([k, t]) => [k, t.clone()])),
    stats: Object.fromEntries(Object.entries(stats).map(([k, t]) => [k, t.clone()])),
    momentum: {},
  }));
  const training = await timed(async () => {
    const next = tf.tidy(() => {
      const { grads, aux } = valueAndGrad(
        (p) => {
          const out = network.forward(p, state.stats, { images }, { training: true });
          return { value: crossEntropy(out.outputs['logits']!, labels), aux: out.stats };
        },
        state.params,
        Object.keys(state.params),
      );
      const update = optimizerStep(sgd, state.params, grads, state.momentum, 0.01);
      return { params: update.params, stats: aux, momentum: update.state };
    });
    tf.dispose([state.params, state.stats, state.momentum] as tf.TensorContainer);
    state = next;
    await sync();
  });
  tf.dispose([state.params, state.stats, state.momentum, images, labels] as tf.TensorContainer);
  return [inference, training];
}

async function timed(once: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS + 2; i++) {
    const started = performance.now();
    await once();
    times.push(performance.now() - started);
  }
  return (1000 * batch) / times.slice(2).toSorted((a, b) => a - b)[REPEATS >> 1]!;
}

/** Every group that can be cut loses the same share of its units: the share that leaves half of the parameters. */
function halved(network: Network): { readonly masks: Masks; readonly plan: CompactionPlan } {
  let [low, high] = [0, 1];
  for (let i = 0; i < 10; i++) {
    const share = (low + high) / 2;
    const { removedParams, totalParams } = planCompaction(network, unread(network, share));
    if (removedParams < totalParams / 2) low = share;
    else high = share;
  }
  const masks = unread(network, high);
  return { masks, plan: planCompaction(network, masks) };
}

/** Masks in which nobody reads the last `share` of the units of any group. */
function unread(network: Network, share: number): Masks {
  const masks: Record<string, Uint8Array> = {};
  const posts = new Map(network.kernels.map((k) => [k.param, k.postNeurons]));
  for (const { param, preNeurons, postNeurons } of network.kernels)
    masks[param] = new Uint8Array(preNeurons * postNeurons).fill(1);
  for (const { units, members, pinnedBy } of network.groups) {
    if (pinnedBy.length > 0) continue;
    const kept = Math.max(1, Math.round(units * (1 - share)));
    for (const { tensor, role, start, block } of members) {
      const width = posts.get(tensor);
      if (role === 'read' && width !== undefined)
        masks[tensor]!.fill(0, (start + kept * block) * width, (start + units * block) * width);
    }
  }
  return masks;
}

function sizeOf({ parameters }: Network): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

function macsOf({ parameters, activationMacs }: Network): number {
  return parameters.reduce(
    (sum, p) => sum + p.positions * p.shape.reduce((a, b) => a * b, 1),
    activationMacs,
  );
}

function millions(n: number): string {
  return `${(n / 1e6).toFixed(2)} M`;
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(26) + cells.map((cell) => cell.padStart(16)).join('');
}
