// What recipes may choose here.

import { definePart, type Method } from '@ma-net/core';
import { maNetOptions } from './options.ts';

/** MA-Net. */
export const maNet = definePart({
  id: '@ma-net/method-ma-net#ma-net',
  kind: 'method',
  about: 'astrocytes modulate the connections while the network trains, and let the weak ones go',
  schema: maNetOptions,
  open: async (options): Promise<Method> => (await import('./ma-net.ts')).maNet(options),
});

export const parts = [maNet];
