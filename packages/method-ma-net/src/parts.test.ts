import { expect, test } from 'vitest';
import { defaultMaNet, maNetOptions } from './options.ts';
import { maNet, parts } from './parts.ts';

test('the part is MA-Net, with the defaults of section 12 where nothing is said', async () => {
  expect(parts).toEqual([maNet]);
  expect(maNet({})).toEqual({ use: '@ma-net/method-ma-net#ma-net', ...defaultMaNet });
  const choice = maNet({ select: { outputs: true }, mnet: { hidden: 64 }, plainRounds: 2 });
  expect(choice).toMatchObject({
    plainRounds: 2,
    select: { stem: false, outputs: true, leave: [] },
    mnet: { hidden: 64, astrocytes: 4 },
  });
  expect((await maNet.open(maNetOptions.parse({}))).name).toBe('ma-net');
});

test.each([
  [{ refresh: 0 }, /refresh: .*found 0/],
  [{ prune: { mode: 'target', removeModulated: 1 } }, /prune\.removeModulated: .*found 1/],
  [{ mnet: { activation: 'relu' } }, /mnet\.activation: .*"softmax"/],
  [{ mnet: { astrocyte: 3 } }, /mnet\.astrocyte: no such field; did you mean "astrocytes"/],
  [{ select: { stem: 1 } }, /select\.stem: /],
])('%j is refused', (options, message) => {
  expect(() => maNet(options as never)).toThrow(message);
});
