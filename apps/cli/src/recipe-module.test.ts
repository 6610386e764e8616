// Recipes and parts in TypeScript, as a project beside ours writes them, through the built command.

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { manet, newFolder } from '../test/manet.ts';

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Files of a project that has installed what this repository has. */
const files = {
  'package.json': JSON.stringify({
    name: 'stranger',
    private: true,
    type: 'module',
    exports: { './parts': './src/parts.ts' },
  }),
  'src/parts.ts': `
    import { type Architecture, definePart } from '@ma-net/core';
    import { z } from 'zod';
    import { Name } from './names.js';

    export const net = definePart({
      id: 'stranger#net',
      kind: 'network',
      about: 'a network of the zoo, by another name',
      schema: z.strictObject({ name: z.enum(Name).default(Name.Small) }),
      open: async ({ name }): Promise<Architecture> => {
        const { createTNet } = await import('@ma-net/tnet');
        return async (facts) =>
          createTNet(name, {
            numClasses: facts.classNames.length,
            inputShape: facts.shapes['images'] as [number, number, number],
          });
      },
    });
    export const parts = [net] as const;`,
  // An enum is more than a type: it has to become code.
  'src/names.ts': `export enum Name { Small = 'resnet-test' }`,
  'src/recipe.ts': `
    import { digits } from '@ma-net/data/parts';
    import { defineRecipe, type Recipe } from '@ma-net/run';
    import { plain } from '@ma-net/baselines/parts';
    import { classification } from '@ma-net/task-classification/parts';
    import { net } from './parts.js';

    const optimizer: Recipe['optimizer'] = {
      name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0,
    };
    export default defineRecipe(() => ({
      name: 'mine',
      about: 'digits, by a network of my own',
      seed: 0,
      network: net({}),
      data: digits({ trainLimit: 64, testLimit: 30 }),
      task: classification({}),
      method: plain({}),
      batchSize: 16,
      epochs: 1,
      optimizer,
      schedule: { name: 'constant', warmup: 0 },
      evaluateEvery: 1,
    }));`,
  'wrong.ts': `import { defineRecipe } from '@ma-net/run';\nexport default defineRecipe(() => ({ name: 'w', seed: -1 }) as never);`,
};
mkdirSync(join(folder, 'src'));
for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));

test('a recipe in TypeScript, with parts in TypeScript, trains; its run is read without it', async () => {
  const trained = await manet(
    ['train', '--recipe', 'src/recipe.ts', '--backend', 'cpu', '--out', 'run'],
    folder,
  );
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  rmSync(join(folder, 'src/recipe.ts'));
  const measured = await manet(['eval', 'run', '--backend', 'cpu'], folder);
  expect(measured).toMatchObject({ code: 0, stdout: expect.stringMatching(/top1 +\d/) });
});

test('what is no recipe is refused as in JSON: the errors of our packages are known', async () => {
  const { code, stderr } = await manet(['train', '--recipe', 'wrong.ts', '--print'], folder);
  expect(stderr).toMatch(/^error \[bad-recipe\]: The recipe cannot be used:[^]*seed/);
  expect(code).toBe(1);
});
