import { describe, expect, test } from 'vitest';
import { runtimeError } from './session.ts';

const empty = { key: '', calls: [], inputs: [], outputs: [] };
const failure = (text: string) => runtimeError('failed in', new Error(text), empty);

// What ONNX Runtime 1.30 writes in these cases.
describe('complaints of ONNX Runtime', () => {
  test.each([
    'Non-zero status code returned while running Add node. Status Message: std::bad_alloc',
    'BFC Arena ran out of memory trying to allocate 4096',
    'Failed to allocate memory for requested buffer of size 17179869184',
  ])('out of memory: %s', (text) => {
    expect(failure(text)).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('smaller batch'),
    });
  });

  test('a lost GPU sends people to the last checkpoint', () => {
    const error = failure('WebGPU device lost (2): the driver was reset');
    expect(error).toMatchObject({
      code: 'backend-failed',
      message: expect.stringContaining('last checkpoint'),
    });
  });

  test('anything else says how to look at the model', () => {
    expect(failure('Invalid graph')).toMatchObject({
      code: 'backend-failed',
      message: expect.stringContaining('dumpTo'),
    });
  });
});
