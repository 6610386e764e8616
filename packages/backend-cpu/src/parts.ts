// What an application may choose here.

import { definePart } from '@ma-net/core';
import { z } from 'zod';

/** `--backend cpu`. */
export const cpu = definePart({
  id: '@ma-net/backend-cpu#cpu',
  kind: 'backend',
  about: 'plain JavaScript on one thread: slow, and the reference',
  schema: z.strictObject({}),
  open: async () => (await import('./index.ts')).cpu,
});

export const parts = [cpu];
