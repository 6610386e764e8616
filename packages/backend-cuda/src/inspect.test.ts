import { expect, test } from 'vitest';
import { missingLibraries } from './inspect.ts';

test('missingLibraries takes CUDA libraries from both kinds of complaint, once', () => {
  const output = `Could not load dynamic library 'libcublas.so.11'; dlerror: libcublas.so.11: cannot open shared object file
Could not load dynamic library 'libnvinfer.so.7'; dlerror: libnvinfer.so.7: cannot open shared object file
Error: libtensorflow.so.2: cannot open shared object file: No such file or directory`;
  expect(missingLibraries(output)).toEqual(['libcublas.so.11', 'libnvinfer.so.7']);
});

test('missingLibraries finds nothing in other warnings', () => {
  expect(missingLibraries('oneDNN custom operations are on.\n')).toEqual([]);
});
