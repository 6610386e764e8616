// What an application may choose here.

import { definePart } from '@ma-net/core';
import { z } from 'zod';

/** `--backend webgpu`. */
export const webgpu = definePart({
  id: '@ma-net/backend-webgpu#webgpu',
  kind: 'backend',
  about: 'WebGPU, in browsers and in Node',
  schema: z.strictObject({}),
  open: async () => (await import('./index.ts')).webgpu,
});

export const parts = [webgpu];
