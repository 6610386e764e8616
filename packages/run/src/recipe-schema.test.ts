import { definePart, type Installed } from '@ma-net/core';
import Ajv from 'ajv';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { recipeSchema } from './recipe-schema.ts';

const open = async (): Promise<never> => Promise.reject(new Error('not opened'));
interface Tree {
  readonly name: string;
  readonly branches?: Tree[];
}
const tree: z.ZodType<Tree, Tree> = z.strictObject({
  name: z.string(),
  get branches() {
    return z.array(tree).exactOptional();
  },
});
const installed: Installed = {
  packages: ['theirs'],
  load: async () => ({
    parts: [
      // One of two forms, and one that speaks of itself.
      definePart({
        id: 'theirs#forms',
        kind: 'network',
        about: 'of two forms',
        schema: z.discriminatedUnion('form', [
          z.strictObject({ form: z.literal('wide'), width: z.int() }),
          z.strictObject({ form: z.literal('deep'), depth: z.int() }),
        ]),
        open,
      }),
      definePart({ id: 'theirs#tree', kind: 'network', about: 'a tree', schema: tree, open }),
      definePart({ id: 'theirs#data', kind: 'data', about: 'data', schema: z.strictObject({}), open }),
      definePart({ id: 'theirs#task', kind: 'task', about: 'a task', schema: z.strictObject({}), open }),
      definePart({ id: 'theirs#way', kind: 'method', about: 'a method', schema: z.looseObject({}), open }),
    ],
  }),
};
const recipe = {
  format: 2,
  name: 'n',
  about: 'a',
  seed: 0,
  data: { use: 'theirs#data' },
  task: { use: 'theirs#task' },
  method: { use: 'theirs#way', anything: 1 },
  batchSize: 1,
  epochs: 1,
  optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0, nesterov: false, weightDecay: 0 },
  schedule: { name: 'constant', warmup: 0 },
  evaluateEvery: 1,
};

test('options of any form have the name of their part among them', async () => {
  const validate = new Ajv().compile(await recipeSchema(installed));
  const takes = (network: object): boolean => validate({ ...recipe, network }) as boolean;
  expect(takes({ use: 'theirs#forms', form: 'wide', width: 3 })).toBe(true);
  expect(takes({ use: 'theirs#forms', form: 'deep', depth: 3 })).toBe(true);
  expect(takes({ use: 'theirs#tree', name: 'root', branches: [{ name: 'twig', branches: [] }] })).toBe(true);
  expect(takes({ use: 'theirs#forms', form: 'deep', width: 3 })).toBe(false);
  expect(takes({ use: 'theirs#tree', form: 'wide', width: 3 })).toBe(false);
  expect(takes({ use: 'theirs#tree', name: 'root', branches: [{ twig: 1 }] })).toBe(false);
  expect(takes({ form: 'wide', width: 3 })).toBe(false);
});

test('fields are described by what is known of them, in whichever form they are', async () => {
  const schema = await recipeSchema(installed, {
    '': { seed: 'Any number.', network: 'What is trained.', 'optimizer.momentum': 'Kept.' },
    'theirs#forms': { depth: 'How deep.' },
  });
  const { properties } = schema as { properties: Record<string, { description?: string; oneOf?: object[] }> };
  expect(properties['seed']!.description).toBe('Any number.');
  expect(properties['network']!.description).toBe('What is trained.');
  expect(properties['batchSize']!.description).toBeUndefined();
  expect(properties['optimizer']).toMatchObject({
    oneOf: [{ properties: { momentum: { description: 'Kept.' } } }, {}],
  });
  const forms = properties['network']!.oneOf![0]!;
  expect(forms).toMatchObject({ oneOf: [{}, { properties: { depth: { description: 'How deep.' } } }] });
});
