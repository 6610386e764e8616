// What recipes may choose here: what other methods are compared with.

import { definePart, type Method } from '@ma-net/core';
import { z } from 'zod';
import { magnitudeOptions, slimOptions } from './options.ts';

/** The network alone. */
export const plain = definePart({
  id: '@ma-net/baselines#plain',
  kind: 'method',
  about: 'the network alone, trained as it is',
  schema: z.strictObject({}),
  open: async (): Promise<Method> => (await import('./plain.ts')).plain(),
});

/** Magnitude pruning. */
export const magnitude = definePart({
  id: '@ma-net/baselines#magnitude',
  kind: 'method',
  about: 'connections of small magnitude go, on the rounds and the ramp of MA-Net',
  schema: magnitudeOptions,
  open: async (options): Promise<Method> => (await import('./magnitude.ts')).magnitude(options),
});

/** The uniformly slim network. */
export const slim = definePart({
  id: '@ma-net/baselines#slim',
  kind: 'method',
  about: 'the network that is slim from the beginning, of the size that pruning whole units leaves',
  schema: slimOptions,
  open: async (options): Promise<Method> => (await import('./slim.ts')).slim(options),
});

export const parts = [plain, magnitude, slim];
