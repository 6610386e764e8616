import { type AnyPart, chooseBackend, type Installed } from '@ma-net/core';
import { together } from '@ma-net/run/node';
import { expect, test } from 'vitest';
import { loadBackends, missing } from './backends.ts';
import { installed } from './installed.ts';

test('every adapter has the name that --backend takes', async () => {
  const adapters = await loadBackends();
  expect(adapters.map(({ name }) => name)).toEqual(['cuda', 'webgpu', 'onnx', 'cpu']);
  for (const { name } of adapters) expect(await loadBackends(name)).toMatchObject([{ name }]);
  expect(await loadBackends('@ma-net/backend-cpu#cpu')).toMatchObject([{ name: 'cpu' }]);
});

test("a stranger's backend is found among what an application depends on; a package that does not load has none", async () => {
  const [cpu] = await loadBackends('cpu');
  const own: Omit<AnyPart, 'schema'> = {
    id: 'stranger#abacus',
    kind: 'backend',
    about: 'beads',
    open: () => Promise.resolve({ ...cpu!, name: 'abacus', priority: 1000 }),
  };
  const strangers: Installed = {
    packages: ['broken', 'stranger'],
    load: (name) =>
      name === 'broken' ? Promise.reject(new Error('no')) : Promise.resolve({ parts: [own as AnyPart] }),
  };
  const all = together(installed(), strangers);
  expect((await loadBackends('auto', all))[0]!.name).toBe('abacus');
  expect(await loadBackends('abacus', all)).toMatchObject([{ name: 'abacus' }]);
});

test('one backend is loaded alone; an unknown one is refused with the nearest name', async () => {
  expect(await loadBackends('cpu')).toMatchObject([{ name: 'cpu' }]);
  await expect(loadBackends('cpuu')).rejects.toMatchObject({
    code: 'unknown-name',
    message: expect.stringContaining('did you mean "cpu"?'),
  });
});

test('a slip is answered with the nearest name, another word with what there is', async () => {
  const messageOf = (name: string): Promise<string> =>
    loadBackends(name).then(
      () => 'taken',
      (error: unknown) => (error as Error).message,
    );
  expect(await messageOf('gpu')).not.toContain('did you mean');
  expect(await messageOf('gpu')).toMatch(/known: auto, .*cpu/);
  expect(await messageOf('wegpu')).toContain('did you mean "webgpu"?');
});

test('a backend whose package does not load is refused with the reason, and the others are taken', async () => {
  const [cpu] = await loadBackends('cpu');
  const broken = missing('webgpu', new Error("Cannot find package 'x'\nfrom y"));
  expect(await broken.probe()).toMatchObject({ ok: false, reason: expect.stringMatching(/package 'x'$/) });
  expect((await chooseBackend([broken, cpu!])).name).toBe('cpu');
  await expect(chooseBackend([broken], 'webgpu')).rejects.toMatchObject({ code: 'backend-unavailable' });
});
