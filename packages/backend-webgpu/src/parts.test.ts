import { expect, test } from 'vitest';
import { webgpu, parts } from './parts.ts';

test('the part opens the adapter that goes by its name', async () => {
  expect(parts).toEqual([webgpu]);
  expect(webgpu({})).toEqual({ use: webgpu.id });
  const adapter = await webgpu.open({});
  expect(webgpu.id.endsWith(`#${adapter.name}`)).toBe(true);
  expect(adapter.probe).toBeTypeOf('function');
});
