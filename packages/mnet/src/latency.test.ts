import '../test/backend.ts';
import { type Network, Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { randomNetwork, randomPyramid, randomTransformer } from '../test/random-network.ts';
import { decideOn } from './decide.ts';
import { latencyMeasure } from './latency.ts';
import { layerSamples, measureLatency, type Stopwatch } from './latency-samples.ts';
import { type LatencyTable, latencyTable, timeAt } from './latency-table.ts';
import { layerWidths } from './layer-widths.ts';
import { NEURON_LEVEL, type UnitTargetRule } from './prune-rule.ts';
import { slimNetwork } from './slim.ts';
import { livingUnits, looseGroups, unitGroups } from './unit-groups.ts';
import { unitsOfMasks } from './unit-masks.ts';
import { leastCost } from './unit-plan.ts';
import { macMeasure, measured } from './unit-size.ts';

const draw = (seed: number): Network => [randomNetwork, randomTransformer, randomPyramid][seed % 3]!(seed);

function macsOf({ parameters, activationMacs }: Network): number {
  const products = parameters.map(({ shape, positions }) => positions * shape.reduce((a, b) => a * b, 1));
  return products.reduce((a, b) => a + b, activationMacs);
}

/** A machine that takes a millisecond for every multiply-accumulate, and `fixed` for every pass. */
const machine = (fixed: number): Stopwatch => ({
  backend: 'paper',
  device: 'none',
  computing: {},
  batchSize: 1,
  time: async (network) => fixed + macsOf(network),
});

const { beta } = NEURON_LEVEL;
const floor = { part: 0.1, units: 1 };
const within = (milliseconds: number, table?: LatencyTable): UnitTargetRule => ({
  unit: 'neuron',
  mode: 'target',
  cost: 'latency',
  milliseconds,
  beta,
  floor,
  ...(table === undefined ? {} : { table }),
});

describe.each(Array.from({ length: 18 }, (_, i) => i + 1))('random network %i', (seed) => {
  const network = draw(seed);
  const loose = looseGroups(network);

  test('on a machine whose times are multiply-accumulates, they are foretold at any widths', async () => {
    const table = await measureLatency(network, machine(3));
    expect(latencyTable.parse(JSON.parse(JSON.stringify(table)))).toEqual(table);
    const [latency, macs] = [latencyMeasure(network, loose, table), macMeasure(network, loose)];
    const rng = Rng.fromSeed(seed).split('alive');
    const full = loose.map(({ units }) => units);
    expect(measured(latency, full)).toBeCloseTo(table.milliseconds, 6);
    for (let i = 0; i < 8; i++) {
      const alive = full.map((units) => 1 + rng.integer(units));
      const expected = (measured(macs, alive) / macsOf(network)) * table.milliseconds;
      expect(measured(latency, alive) / expected).toBeCloseTo(1, 9);
    }
  });

  test('a plan keeps to the milliseconds, and so does the slim network', async () => {
    const table = await measureLatency(network, machine(0));
    const decider = decideOn(network);
    const groups = unitGroups(network, network.kernels);
    const latency = latencyMeasure(network, groups, table);
    const least = leastCost(groups, [latency], floor);
    const milliseconds = ((1 + least) / 2) * table.milliseconds;
    const rng = Rng.fromSeed(seed).split('scores');
    const units = groups.map((group) => Float64Array.from(rng.uniforms(group.units, 0, 2)));
    const rule = within(milliseconds, table);
    expect(decider.unreachable(rule)).toBeUndefined();
    const { masks } = decider.decide(rule, { units });
    const alive = livingUnits(unitsOfMasks(groups, masks));
    expect(measured(latency, alive)).toBeLessThanOrEqual(milliseconds * (1 + 1e-9));
    // Nobody had to go for nothing: with one unit more, of some group, it would be too slow.
    const fuller = groups.map((_, g) => alive.with(g, alive[g]! + 1));
    expect(fuller.some((n) => measured(latency, n) > milliseconds)).toBe(true);
    expect(macsOf(slimNetwork(network, rule))).toBeLessThanOrEqual(milliseconds * (1 + 1e-9));

    const tooFast = within((least * table.milliseconds) / 2, table);
    expect(decider.unreachable(tooFast)).toMatch(/^one takes at least [\d.]+ ms/);
  });

  test('every sample is a network of the widths that it is said to have', () => {
    for (const { at, reads, makes } of layerSamples(network)) {
      expect([...reads].sort((a, b) => a - b)).toEqual(reads);
      expect([...makes].sort((a, b) => a - b)).toEqual(makes);
      reads.forEach((read, i) => {
        makes.forEach((made, j) => {
          const sample = at(i, j);
          const sizes = layerWidths(sample, []).at(-1)!;
          expect(sizes.reads.full).toBe(read);
          if (makes.length > 1) expect(sample.outputs[0]!.shape.at(-1)).toBe(made);
        });
      });
    }
  });
});

test('times are linear between and beyond the measured widths, and never negative', () => {
  const layer = {
    layer: '',
    reads: [2, 4, 8],
    makes: [1, 3],
    milliseconds: [
      [1, 3],
      [2, 6],
      [4, 14],
    ],
  };
  expect(timeAt(layer, 2, 1)).toBe(1);
  expect(timeAt(layer, 3, 1)).toBe(1.5);
  expect(timeAt(layer, 4, 2)).toBe(4);
  expect(timeAt(layer, 6, 3)).toBe(10);
  expect(timeAt(layer, 10, 1)).toBe(5);
  expect(timeAt(layer, 1, 1)).toBe(0.5);
  expect(timeAt({ ...layer, reads: [2, 3, 8] }, 1, 3)).toBe(0);
});

test('a stopwatch that stutters does not make more channels faster', async () => {
  const network = randomNetwork(1);
  const rng = Rng.fromSeed(1).split('noise');
  const noisy = { ...machine(0), time: async (net: Network) => macsOf(net) * rng.uniforms(1, 0.5, 1.5)[0]! };
  const { layers } = await measureLatency(network, noisy);
  for (const { milliseconds } of layers) {
    milliseconds.forEach((row, i) => {
      row.forEach((time, j) => {
        if (i > 0) expect(time).toBeGreaterThanOrEqual(milliseconds[i - 1]![j]!);
        if (j > 0) expect(time).toBeGreaterThanOrEqual(row[j - 1]!);
      });
    });
  }
});

test('the table of another network is refused, and so is a rule that was not measured', async () => {
  const network = randomNetwork(1);
  const table = await measureLatency(randomTransformer(3), machine(0));
  const groups = looseGroups(network);
  expect(() => latencyMeasure(network, groups, table)).toThrowError(
    expect.objectContaining({ code: 'network-mismatch' }),
  );
  expect(() => decideOn(network).unreachable(within(1))).toThrowError(
    expect.objectContaining({ code: 'bad-argument' }),
  );
});
