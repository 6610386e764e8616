import { expect, test } from 'vitest';
import { cuda, parts } from './parts.ts';

test('the part opens the adapter that goes by its name', async () => {
  expect(parts).toEqual([cuda]);
  expect(cuda({})).toEqual({ use: cuda.id });
  const adapter = await cuda.open({});
  expect(cuda.id.endsWith(`#${adapter.name}`)).toBe(true);
  expect(adapter.probe).toBeTypeOf('function');
});
