// What an application may choose here.

import { definePart } from '@ma-net/core';
import { z } from 'zod';

/** `--backend onnx`. */
export const onnx = definePart({
  id: '@ma-net/backend-onnx#onnx',
  kind: 'backend',
  about: 'ONNX Runtime: one compiled graph a training step',
  schema: z.strictObject({}),
  open: async () => (await import('./index.ts')).onnx,
});

export const parts = [onnx];
