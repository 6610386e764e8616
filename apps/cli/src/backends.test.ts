import { expect, test } from 'vitest';
import { backends, loadBackends } from './backends.ts';

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
