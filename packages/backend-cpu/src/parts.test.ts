import { expect, test } from 'vitest';
import { cpu, parts } from './parts.ts';

test('the part opens the adapter that goes by its name', async () => {
  expect(parts).toEqual([cpu]);
  expect(cpu({})).toEqual({ use: cpu.id });
  const adapter = await cpu.open({});
  expect(cpu.id.endsWith(`#${adapter.name}`)).toBe(true);
  expect(adapter.probe).toBeTypeOf('function');
});
