// The formats that a network may be written in. Each is loaded when it is opened.

import { definePart } from '@ma-net/core';
import { z } from 'zod';
import type { Format } from './format.ts';

const nothing = z.strictObject({});

/** `--format safetensors`. */
export const safetensors = definePart({
  id: '@ma-net/export#safetensors',
  kind: 'format',
  about: 'weights in PyTorch layout, and the PyTorch model that they belong to',
  schema: nothing,
  open: async (): Promise<Format> => (await import('./safetensors.ts')).safetensors,
});

/** `--format onnx`. */
export const onnx = definePart({
  id: '@ma-net/export#onnx',
  kind: 'format',
  about: 'one graph of ONNX operators',
  schema: nothing,
  open: async (): Promise<Format> => (await import('./onnx.ts')).onnx,
});

/** `--format tfjs`. */
export const tfjs = definePart({
  id: '@ma-net/export#tfjs',
  kind: 'format',
  about: 'a TensorFlow.js graph model: a folder',
  schema: nothing,
  open: async (): Promise<Format> => (await import('./tfjs.ts')).tfjs,
});

export const parts = [safetensors, onnx, tfjs];
