// The networks and the numbers of fixtures/structured_magnitude.json. Weights are formulas of their position:
// kernels sin(0.1 (k+1)^2 + i) / sqrt(fan in), gains 1 + 0.2 sin(k + 1 + i), i being the module's number.

import { readFileSync } from 'node:fs';
import { defineNetwork, type Network, type Params, type Program } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

interface Fixture {
  readonly modules: readonly string[];
  readonly scores: Readonly<Record<string, readonly number[]>>;
}

const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/structured_magnitude.json', import.meta.url), 'utf8'),
) as Record<'residual' | 'dense', Fixture>;

const residual: Program = (net, { images }) => {
  const conv = (name: string, x: typeof images, out: number, kernel = 3, stride = 1): typeof images =>
    net.conv(name, x, { out, kernel, stride });
  let x = net.relu(net.batchNorm('bn0', conv('conv0', images, 8)));
  const a = net.relu(net.batchNorm('abn1', conv('a1', x, 6)));
  x = net.relu(net.add(net.batchNorm('abn2', conv('a2', a, 8)), x));
  const b = net.relu(net.batchNorm('bbn1', conv('b1', x, 10, 3, 2)));
  const shortcut = net.batchNorm('sbn', conv('sc', x, 12, 1, 2));
  x = net.relu(net.add(net.batchNorm('bbn2', conv('b2', b, 12)), shortcut));
  return { logits: net.dense('fc', net.globalAveragePool(x), { out: 4 }) };
};

const dense: Program = (net, { images }) => {
  let x = net.conv('conv0', images, { out: 8, kernel: 3 });
  for (const i of [1, 2]) {
    const inner = net.conv(`c${i}`, net.relu(net.batchNorm(`n${i}`, x)), { out: 8, kernel: 1 });
    const grown = net.conv(`d${i}`, net.relu(net.batchNorm(`m${i}`, inner)), { out: 4, kernel: 3 });
    x = net.concat([x, grown]);
  }
  x = net.conv('tc', net.relu(net.batchNorm('tn', x)), { out: 8, kernel: 1 });
  x = net.relu(net.batchNorm('fn', net.avgPool(x, { kernel: 2, stride: 2 })));
  return { logits: net.dense('fc', net.globalAveragePool(x), { out: 4 }) };
};

export const structuredNetworks: readonly {
  readonly network: Network;
  readonly params: Params;
  readonly scores: Fixture['scores'];
}[] = [
  { network: defineNetwork('residual', { images: [8, 8, 3] }, residual), ...fixtures.residual },
  { network: defineNetwork('dense', { images: [8, 8, 3] }, dense), ...fixtures.dense },
].map(({ network, modules, scores }) => ({ network, scores, params: byFormula(network, modules) }));

function byFormula({ parameters }: Network, modules: readonly string[]): Params {
  const params: Record<string, tf.Tensor> = {};
  for (const { name, kind, shape } of parameters) {
    const phase = modules.indexOf(name.slice(0, name.lastIndexOf('.')));
    const size = shape.reduce((a, b) => a * b, 1);
    const fan = size / shape.at(-1)!;
    const value = (k: number): number =>
      kind === 'vector'
        ? 1 + 0.2 * Math.sin(k + 1 + phase)
        : Math.sin(0.1 * (k + 1) ** 2 + phase) / Math.sqrt(fan);
    params[name] = tf.tensor(
      Array.from({ length: size }, (_, k) => value(k)),
      [...shape],
    );
  }
  return params;
}
