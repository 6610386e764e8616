import { chooseBackend } from '@ma-net/core';
import { expect, test } from 'vitest';
import { backends, loadBackends, missing } from './backends.ts';

test('every adapter has the name that --backend takes', async () => {
  const adapters = await loadBackends();
  expect(adapters.map(({ name }) => name)).toEqual(Object.keys(backends));
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
  expect(await messageOf('gpu')).toContain('known: auto, cuda, webgpu, onnx, cpu');
  expect(await messageOf('wegpu')).toContain('did you mean "webgpu"?');
});

test('a backend whose package does not load is refused with the reason, and the others are taken', async () => {
  const [cpu] = await loadBackends('cpu');
  const broken = missing('webgpu', new Error("Cannot find package 'x'\nfrom y"));
  expect(await broken.probe()).toMatchObject({ ok: false, reason: expect.stringMatching(/package 'x'$/) });
  expect((await chooseBackend([broken, cpu!])).name).toBe('cpu');
  await expect(chooseBackend([broken], 'webgpu')).rejects.toMatchObject({ code: 'backend-unavailable' });
});
