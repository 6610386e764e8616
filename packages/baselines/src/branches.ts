// Branches that train and are left out: what a network says at its stages, made comparable.

import { defineNetwork, MaNetError, type Net, type Network, suggestion } from '@ma-net/core';

/** A network with a branch at each of its levels, which end in one feature per channel of the last one. */
export interface Branched {
  /** Has the outputs of the network, and those of the branches. */
  readonly network: Network;
  /** The outputs of the branches, by level. */
  readonly features: readonly string[];
}

/**
 * Attaches a branch to every level: as many reducers as there are levels behind it, which take it to their widths one after
 * the other, and the mean over the map; the last level is pooled as it is (Zhang et al. 2022, arXiv:2207.05306, section 3.3).
 * `levels` are named values of the network; all its maps unless given. Throws `unknown-name` for one that it does not have, and
 * `bad-argument` where there are fewer than two.
 */
export function branched(network: Network, levels?: readonly string[]): Branched {
  const maps = network.values.filter(({ shape }) => shape.length === 3).map(({ name }) => name);
  const names = levels ?? maps;
  const unknown = names.find((name) => !maps.includes(name));
  if (unknown !== undefined) {
    throw new MaNetError('unknown-name', `${network.name} names no map "${unknown}".`, {
      where: 'features',
      hint: suggestion(unknown, maps),
    });
  }
  if (names.length < 2) {
    throw new MaNetError(
      'bad-argument',
      `${network.name} names ${names.length} of its maps, and branches need two.`,
      {
        where: 'features',
        hint: 'use a network whose program returns its stages, as those of residual networks do.',
      },
    );
  }
  const features = names.map((_, i) => `branches.${i + 1}`);
  const inputs = Object.fromEntries(network.inputs.map(({ name, shape }) => [name, shape]));
  const program = <V>(net: Net<V>, given: Readonly<Record<string, V>>): Record<string, V> => {
    const values = network.program(net, given) as Record<string, V>;
    const widths = names.map((name) => net.shape(values[name] as V).at(-1)!);
    const pooled = names.map((name, level): [string, V] => {
      let x = values[name] as V;
      for (const [i, out] of widths.slice(level + 1).entries())
        x = reducer(net, `${features[level]!}.${i}`, x, out);
      return [features[level]!, net.globalAveragePool(x)];
    });
    return { ...values, ...Object.fromEntries(pooled) };
  };
  const outputs = [...network.outputs.map(({ name }) => name), ...features];
  const whole = defineNetwork(network.name, inputs, program, { outputs });
  // It may have been cut: its own widths stay.
  const shapes = Object.fromEntries(network.parameters.map(({ name, shape }) => [name, shape]));
  return { network: whole.resized(shapes), features };
}

/** Halves the map by two separable convolutions, [H, W, C] -> [H / 2, W / 2, out]. */
export function reducer<V>(net: Net<V>, name: string, x: V, out: number): V {
  let y = net.depthwiseConv(`${name}.depthwise1`, x, { kernel: 3, stride: 2 });
  y = net.conv(`${name}.pointwise1`, y, { out: net.shape(x).at(-1)!, kernel: 1 });
  y = net.depthwiseConv(`${name}.depthwise2`, net.relu(net.batchNorm(`${name}.bn1`, y)), { kernel: 3 });
  return net.relu(net.batchNorm(`${name}.bn2`, net.conv(`${name}.pointwise2`, y, { out, kernel: 1 })));
}
