import { expect, test } from 'vitest';
import { onnx, parts } from './parts.ts';

test('the part opens the adapter that goes by its name', async () => {
  expect(parts).toEqual([onnx]);
  expect(onnx({})).toEqual({ use: onnx.id });
  const adapter = await onnx.open({});
  expect(onnx.id.endsWith(`#${adapter.name}`)).toBe(true);
  expect(adapter.probe).toBeTypeOf('function');
});
