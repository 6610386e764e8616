// What an application may choose here.

import { definePart } from '@ma-net/core';
import { z } from 'zod';

/** `--backend cuda`. */
export const cuda = definePart({
  id: '@ma-net/backend-cuda#cuda',
  kind: 'backend',
  about: "TensorFlow's own kernels on NVIDIA GPUs",
  schema: z.strictObject({}),
  open: async () => (await import('./index.ts')).cuda,
});

export const parts = [cuda];
