import { type KeptConnections, Rng } from '@ma-net/core';
import type { PrunePlan } from '@ma-net/mnet';
import { expect, test } from 'vitest';
import { packPlan, readPlan, writePlan, writtenPlan } from './packed-plan.ts';

const rng = Rng.fromSeed(1);
const sizes = [
  ['a', 3, 5],
  ['b', 1, 1],
  ['c', 16, 7],
] as const;
const masks = Object.fromEntries(
  sizes.map(([param, pre, post]) => [param, Uint8Array.from({ length: pre * post }, () => rng.integer(2))]),
);
const plan: PrunePlan = {
  network: 'x',
  rule: { mode: 'target', removeModulated: 0.5 },
  masks,
  kernels: sizes.map(([param, preNeurons, postNeurons]): KeptConnections => {
    const keptConnections = masks[param]!.reduce((sum, alive) => sum + alive, 0);
    return { param, preNeurons, postNeurons, area: 9, keptConnections };
  }),
  removedParams: 0,
  totalParams: 1,
};
const refused = expect.objectContaining({ code: 'bad-file' });

test('a plan comes back as it was, from one tensor of a bit per connection', () => {
  const { plan: bare, tensor } = packPlan(plan);
  expect(bare.kernels.map(({ mask }) => mask)).toEqual(['', '', '']);
  // 15, 1 and 112 connections take 2, 1 and 14 bytes: five words.
  expect(tensor.shape).toEqual([5]);
  expect(readPlan(writtenPlan.parse(JSON.parse(JSON.stringify(bare))), tensor, 'here')).toEqual(plan);
});

test('and from JSON alone, lowest bit first', () => {
  const written = writePlan(plan);
  expect(readPlan(writtenPlan.parse(JSON.parse(JSON.stringify(written))), undefined, 'here')).toEqual(plan);
  const one = { ...plan.kernels[0]!, preNeurons: 1, postNeurons: 9 };
  // 1 + 4 = 5 and, in the second byte, 1: "BQE=".
  const text = writePlan({ ...plan, kernels: [one], masks: { a: Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 0, 1) } });
  expect(text.kernels[0]!.mask).toBe('BQE=');
});

test('masks that are not there, or of another size, are refused', () => {
  const { plan: bare, tensor } = packPlan(plan);
  expect(() => readPlan(bare, undefined, 'here')).toThrow(refused);
  expect(() => readPlan(bare, { ...tensor, data: tensor.data.slice(1) }, 'here')).toThrow(
    /16 bytes.*need 17/,
  );
  const floats = { ...tensor, dtype: 'float32', data: new Float32Array(5) } as const;
  expect(() => readPlan(bare, floats, 'here')).toThrow(refused);
  for (const mask of ['AAAA', 'not base64!', ''])
    expect(() => readPlan({ ...bare, kernels: [{ ...bare.kernels[0]!, mask }] }, undefined, 'here')).toThrow(
      refused,
    );
});
