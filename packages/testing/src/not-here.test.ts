import { afterEach, expect, test, vi } from 'vitest';
import { notHere } from './not-here.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What is declared where `CI` is `value`: the name, and whether it runs. */
function declared(value: string): { name: string; body: (() => void) | undefined }[] {
  vi.stubEnv('CI', value);
  const found: { name: string; body: (() => void) | undefined }[] = [];
  const declare = Object.assign((name: string, body: () => void) => void found.push({ name, body }), {
    skip: (name: string) => void found.push({ name, body: undefined }),
  });
  notHere('webgpu', 'no adapter', declare);
  return found;
}

test.each(['', '0', 'false'])('with CI "%s" what is missing is skipped, with its reason', (value) => {
  expect(declared(value)).toEqual([{ name: 'webgpu is not available: no adapter', body: undefined }]);
});

test.each(['true', '1', 'yes'])('with CI "%s" it fails', (value) => {
  const [only, ...others] = declared(value);
  expect(others).toEqual([]);
  expect(() => only!.body!()).toThrow('webgpu is not available: no adapter. With CI set');
});
