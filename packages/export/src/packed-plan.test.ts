import { Rng } from '@ma-net/core';
import type { PrunePlan } from '@ma-net/mnet';
import { expect, test } from 'vitest';
import { packPlan, unpackPlan } from './packed-plan.ts';

const rng = Rng.fromSeed(1);
const kernel = (param: string, preNeurons: number, postNeurons: number): PrunePlan['kernels'][number] => {
  const bytes = Buffer.alloc(Math.ceil((preNeurons * postNeurons) / 8));
  for (let i = 0; i < bytes.length; i++) bytes[i] = rng.integer(256);
  return { param, preNeurons, postNeurons, area: 9, keptConnections: 1, mask: bytes.toString('base64') };
};
const plan: PrunePlan = {
  network: 'x',
  rule: { mode: 'target', removeModulated: 0.5 },
  kernels: [kernel('a', 3, 5), kernel('b', 1, 1), kernel('c', 16, 7)],
  removedParams: 0,
  totalParams: 1,
};

test('a plan comes back as it was, from one tensor of a bit per connection', () => {
  const { plan: bare, tensor } = packPlan(plan);
  expect(bare.kernels.map(({ mask }) => mask)).toEqual(['', '', '']);
  // 15, 1 and 112 connections take 2, 1 and 14 bytes: five words.
  expect(tensor.shape).toEqual([5]);
  expect(unpackPlan(bare, tensor, 'here')).toEqual(plan);
  expect(unpackPlan(plan, undefined, 'here')).toEqual(plan);
});

test('masks that are not there, or of another size, are refused', () => {
  const { plan: bare, tensor } = packPlan(plan);
  const refused = expect.objectContaining({ code: 'bad-file' });
  expect(() => unpackPlan(bare, undefined, 'here')).toThrow(refused);
  expect(() => unpackPlan(bare, { ...tensor, data: tensor.data.slice(1) }, 'here')).toThrow(
    /16 bytes.*need 17/,
  );
  expect(() => unpackPlan(bare, { ...tensor, dtype: 'float32', data: new Float32Array(5) }, 'here')).toThrow(
    refused,
  );
});
