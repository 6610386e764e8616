import { expect, test } from 'vitest';
import { kindOfFile } from './foreign-file.ts';

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

test.each<[string, Uint8Array, string | undefined]>([
  ['a page', bytes('\n<!DOCTYPE html><html>'), 'a page of HTML'],
  ['an answer of a store', bytes('<?xml version="1.0"?><Error>'), 'XML or HTML'],
  ['a model of tfjs', bytes('{"format": "graph-model"'), 'JSON'],
  ['metrics', bytes('[1, 2]'), 'JSON'],
  [
    'a pointer',
    bytes('version https://git-lfs.github.com/spec/v1\noid'),
    'a pointer of Git LFS, in place of the file it stands for',
  ],
  ['torch.save', bytes('PK\u0003\u0004\u0000'), 'a zip archive, as PyTorch writes with torch.save'],
  [
    'torch.save of old',
    Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c),
    'a pickle, as older versions of PyTorch write with torch.save',
  ],
  ['pickle', Uint8Array.of(0x80, 4, 0x95), 'a Python pickle'],
  ['Keras', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d), 'an HDF5 file, as Keras writes'],
  ['nothing', new Uint8Array(), undefined],
  ['numbers', Uint8Array.of(1, 2, 3), undefined],
  // A safetensors file: the length of a header, then the header.
  ['safetensors', Uint8Array.of(40, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22), undefined],
])('%s', (_, first, kind) => expect(kindOfFile(first)).toBe(kind));
