import type { AnyPart, Installed } from '@ma-net/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { inPlaceOf, partNamed, shortName } from './choose.ts';

const part = (id: string, schema: z.ZodType = z.strictObject({})): AnyPart => ({
  id,
  kind: 'method',
  about: '',
  schema,
  open: () => Promise.resolve(undefined),
});
const modules: Readonly<Record<string, readonly AnyPart[]>> = {
  a: [part('a#plain'), part('a#own')],
  b: [part('b#plain')],
};
const installed: Installed = {
  packages: ['a', 'b'],
  load: (name) => Promise.resolve({ parts: modules[name]! }),
};

test('a part goes by what stands behind the #, or by its id', async () => {
  expect(shortName({ use: '@ma-net/method-ma-net#ma-net' })).toBe('ma-net');
  expect((await partNamed('own', 'method', installed)).id).toBe('a#own');
  expect((await partNamed('b#plain', 'method', installed)).id).toBe('b#plain');
});

test('a name that several have is refused with their ids, and one that nobody has with the nearest', async () => {
  await expect(partNamed('plain', 'method', installed)).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/a#plain, b#plain/),
  });
  await expect(partNamed('owns', 'method', installed)).rejects.toMatchObject({
    code: 'unknown-name',
    message: expect.stringMatching(/did you mean "own"/),
  });
  await expect(partNamed('own', 'task', installed)).rejects.toMatchObject({ code: 'unknown-name' });
});

test('options that both parts have are kept, unless the new one means something else by them', () => {
  const schema = z.strictObject({ ramp: z.number(), prune: z.number().default(0.5) });
  expect(
    inPlaceOf({ use: 'a#own', ramp: 0.7, prune: { remove: 1 }, clip: 3 }, part('c#new', schema)),
  ).toEqual({
    use: 'c#new',
    ramp: 0.7,
  });
});
