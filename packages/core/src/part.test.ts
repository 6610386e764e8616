import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyPart, definePart, findPart, type Installed, partsOfKind, resolvePart } from './part.ts';
import type { Choices, Data, TaskOn } from './recipe.ts';

interface Labelled {
  readonly [name: string]: tf.Tensor;
  readonly labels: tf.Tensor1D;
}
interface Boxed {
  readonly [name: string]: tf.Tensor;
  readonly boxes: tf.Tensor3D;
}

const classes = definePart({
  id: 'here#classes',
  kind: 'task',
  about: 'a class for every image',
  schema: z.strictObject({ labelSmoothing: z.number().min(0).max(1).default(0.1) }),
  open: (options): Promise<TaskOn<Labelled>> => Promise.reject(new Error(String(options.labelSmoothing))),
});
const pictures = definePart({
  id: 'here#pictures',
  kind: 'data',
  about: 'images and labels',
  schema: z.strictObject({ path: z.string() }),
  open: (): Promise<Data<Labelled>> => Promise.reject(new Error('no data')),
});
const boxes = definePart({
  id: 'here#boxes',
  kind: 'data',
  about: 'images and boxes',
  schema: z.strictObject({ path: z.string() }),
  open: (): Promise<Data<Boxed>> => Promise.reject(new Error('no data')),
});
const both = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('sgd'), momentum: z.number() }),
  z.strictObject({ name: z.literal('adam'), beta: z.number() }),
]);
const nested = definePart({
  id: 'there#nested',
  kind: 'method',
  about: 'options in options',
  schema: z.strictObject({ optimizer: both }),
  open: (options) => Promise.resolve(options.optimizer),
});

const modules: Readonly<Record<string, readonly AnyPart[]>> = {
  here: [classes, pictures, boxes],
  there: [nested],
};
const installed: Installed = {
  packages: ['here', 'there', 'nothing'],
  load: (name) => Promise.resolve({ parts: modules[name] ?? [] }),
};

describe('a part', () => {
  test('is called with options, and is then a complete choice in plain JSON', () => {
    expect(JSON.parse(JSON.stringify(classes({})))).toEqual({ use: 'here#classes', labelSmoothing: 0.1 });
    expect(classes({ labelSmoothing: 0 })).toEqual({ use: 'here#classes', labelSmoothing: 0 });
  });

  test('refuses what its schema refuses', () => {
    expect(() => classes({ labelSmoothing: 2 })).toThrow(
      expect.objectContaining({
        code: 'bad-recipe',
        message: expect.stringMatching(/labelSmoothing.*found 2/),
      }),
    );
    // @ts-expect-error an option that is not there
    expect(() => classes({ labelSmothing: 0 })).toThrow(/did you mean "labelSmoothing"/);
  });

  test('ties data to tasks: others do not compile', () => {
    const choose = <B extends Labelled | Boxed>(choices: Pick<Choices<B>, 'data' | 'task'>) =>
      choices.data.use;
    expect(choose({ data: pictures({ path: '' }), task: classes({}) })).toBe('here#pictures');
    // @ts-expect-error boxes under a classifier
    expect(choose({ data: boxes({ path: '' }), task: classes({}) })).toBe('here#boxes');
    // @ts-expect-error a task where data belong
    expect(choose({ data: classes({}), task: classes({}) })).toBe('here#classes');
  });
});

describe('resolvePart', () => {
  test('finds what a choice names, and opens it with its options', async () => {
    const { part, options, open } = await resolvePart(
      { use: 'there#nested', optimizer: { name: 'adam', beta: 0.9 } },
      'method',
      installed,
    );
    expect(part).toBe(nested);
    expect(options).toEqual({ optimizer: { name: 'adam', beta: 0.9 } });
    expect(await open()).toEqual({ name: 'adam', beta: 0.9 });
  });

  test.each([
    ['her#classes', /not a dependency here[\s\S]*did you mean "here"/],
    ['here#clases', /no task called "here#clases"[\s\S]*did you mean "here#classes"/],
    ['here#pictures', /no task called/],
    ['nothing#classes', /offers none/],
    ['node:fs#x', /not a dependency here/],
  ])('does not find %s, and says what is near', async (use, message) => {
    await expect(resolvePart({ use }, 'task', installed)).rejects.toMatchObject({
      code: 'unknown-name',
      message: expect.stringMatching(message),
    });
  });

  test('tells where options are wrong, by the fields of the variant that was chosen', async () => {
    const use = { use: 'there#nested', optimizer: { name: 'adam', betta: 0.9 } };
    await expect(resolvePart(use, 'method', installed)).rejects.toMatchObject({
      code: 'bad-recipe',
      message: expect.stringMatching(/method\.optimizer\.betta: no such field; did you mean "beta"/),
    });
  });
});

test('parts are listed by their kind, and found by their id', async () => {
  expect((await partsOfKind('data', installed)).map(({ id }) => id)).toEqual(['here#pictures', 'here#boxes']);
  expect(await findPart('here#boxes', 'data', installed, 'data.use')).toBe(boxes);
});
