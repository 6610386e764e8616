// What recipes may choose here: what other methods are compared with.

import { definePart, type Method } from '@ma-net/core';
import { z } from 'zod';
import {
  astroNetOptions,
  auxiliaryOptions,
  cdsOptions,
  magnitudeOptions,
  plainOptions,
  randomOptions,
  slimOptions,
  unstructuredOptions,
} from './options.ts';

/** The network alone. */
export const plain = definePart({
  id: '@ma-net/baselines#plain',
  kind: 'method',
  about: 'the network alone, trained as it is',
  schema: plainOptions,
  open: async (options): Promise<Method> => (await import('./plain.ts')).plain(options),
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

/** Random masks. */
export const random = definePart({
  id: '@ma-net/baselines#random',
  kind: 'method',
  about: 'anybody goes, as many as the rule says, before the first mini-batch',
  schema: randomOptions,
  open: async (options): Promise<Method> => (await import('./random.ts')).random(options),
});

/** Single weights. */
export const unstructured = definePart({
  id: '@ma-net/baselines#unstructured',
  kind: 'method',
  about: 'single weights of small magnitude go, at once or as lottery tickets; they are stored as zeros',
  schema: unstructuredOptions,
  open: async (options): Promise<Method> => (await import('./unstructured.ts')).unstructured(options),
});

/** Contrastive deep supervision. */
export const cds = definePart({
  id: '@ma-net/baselines#cds',
  kind: 'method',
  about: 'contrastive deep supervision: branches tell two views of every image apart, and are left out',
  schema: cdsOptions,
  open: async (options): Promise<Method> => {
    const { cds: method } = await import('./cds.ts');
    const { teacher } = options;
    if (teacher === undefined) return method(options);
    const [{ branched }, { createTNet, readWeights }] = await Promise.all([
      import('./branches.ts'),
      import('@ma-net/tnet'),
    ]);
    const { name, checkpoint } = teacher;
    const build = async (pictures: { readonly numClasses: number }) =>
      branched(await createTNet(name, pictures), options.features);
    return method(options, {
      ...(await build({ numClasses: 2 })),
      build: async (pictures) => (await build(pictures)).network,
      read: () => readWeights(name, checkpoint),
    });
  },
});

/** A second classifier that trains along. */
export const auxiliary = definePart({
  id: '@ma-net/baselines#auxiliary',
  kind: 'method',
  about: 'the network with its second classifier, which is trained along and left out',
  schema: auxiliaryOptions,
  open: async (options): Promise<Method> => (await import('./auxiliary.ts')).auxiliary(options),
});

/** AstroNet, our design. */
export const astroNet = definePart({
  id: '@ma-net/baselines#astronet',
  kind: 'method',
  about: 'one astrocyte, a UNet, gates the channels of all kernels; our design of AstroNet',
  schema: astroNetOptions,
  open: async (options): Promise<Method> => (await import('./astronet.ts')).astroNet(options),
});

/** Networks with exits. */
export const exits = definePart({
  id: '@ma-net/baselines#exits',
  kind: 'method',
  about:
    'a network with exits, trained at all of them: MSDNet, or Boost-DyNN where its exits boost each other',
  schema: z.strictObject({}),
  open: async (): Promise<Method> => (await import('./exits.ts')).exits(),
});

export const parts = [plain, magnitude, slim, random, unstructured, cds, auxiliary, astroNet, exits];
