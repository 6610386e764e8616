import { definePart, type Data, type TaskOn } from '@ma-net/core';
import { classification } from '@ma-net/task-classification/parts';
import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { changed, digits, installed } from '../test/recipe.ts';
import {
  defineRecipe,
  parseFrame,
  parseRecipe,
  type Recipe,
  recipeFrame,
  resolveParts,
  slots,
} from './recipe.ts';

const problem = async (f: () => Promise<unknown>): Promise<string> => {
  try {
    await f();
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/bad-recipe|unknown-name/) });
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

describe('override', () => {
  test('changes fields by path and nothing else', async () => {
    const { data, method } = digits;
    expect(
      await changed(
        'epochs=3',
        'optimizer.learningRate=0.05',
        'method.mnet.temporal=own',
        'data.trainLimit=100',
        'data.augment.jitter.hue=0.1',
      ),
    ).toEqual({
      ...digits,
      epochs: 3,
      optimizer: { ...digits.optimizer, learningRate: 0.05 },
      method: { ...method, mnet: { ...(method['mnet'] as object), temporal: 'own' } },
      data: { ...data, trainLimit: 100, augment: { ...(data['augment'] as object), jitter: { hue: 0.1 } } },
    });
    expect(digits.epochs).not.toBe(3);
  });

  test('takes a whole variant as JSON, and a path through the one that was chosen', async () => {
    const { method } = await changed(
      'method.prune={"mode":"delta","delta":0.001,"kappa":0.5}',
      'method.prune.delta=0.002',
    );
    expect(method['prune']).toEqual({ mode: 'delta', delta: 0.002, kappa: 0.5 });
  });

  test('chooses another part by its short name or its id, with the options that both have', async () => {
    const short = await changed('method=magnitude', 'data=cifar10');
    expect(short.method).toEqual({
      use: '@ma-net/baselines#magnitude',
      select: { stem: false, outputs: true, leave: [] },
      prune: { mode: 'target', removeModulated: 0.7 },
      ramp: 0.7,
      freeze: 0.75,
      maskEvery: 'round',
    });
    expect(short.data).toEqual({ ...digits.data, use: '@ma-net/data#cifar10' });
    expect((await changed('method.use=@ma-net/baselines#plain')).method).toEqual({
      use: '@ma-net/baselines#plain',
    });
    expect((await changed('method={"use":"@ma-net/baselines#plain"}')).method.use).toMatch(/plain/);
  });

  test('takes how parameters are trained: clipping, and groups by pattern', async () => {
    const { optimizer } = await changed(
      'optimizer.clip=1',
      'optimizer.decay=kernels',
      'optimizer.groups=[{"match":"fc.*","rate":10},{"kind":"vector","decay":0}]',
    );
    expect(optimizer).toMatchObject({ clip: 1, decay: 'kernels', groups: [{ rate: 10 }, { decay: 0 }] });
  });

  test.each([
    ['epoch=3', /no field "epoch"[\s\S]*did you mean "epochs"/],
    ['optimizer.learnRate=1', /no field "optimizer.learnRate"[\s\S]*did you mean "learningRate"/],
    ['method.mnet.astrocite=2', /did you mean "astrocytes"/],
    ['seed.value=1', /"seed" is a single value/],
    ['epochs', /expected path=value/],
    ['epochs=many', /epochs: .*expected number.*found "many"/],
    ['method.prune.removeModulated=1.5', /removeModulated: .*found 1.5/],
    ['method=best', /no method called "best"[\s\S]*plain/],
    ['method=3', /method: .*expected object/],
    ['data.path=x', /no field "data\.path"/],
    ['batchSize=0', /batchSize: .*found 0/],
    ['tnet.name=resnet18', /any more[\s\S]*--set network\.name=/],
    ['tnet.modulateStem=true', /--set method\.select\.stem=/],
    ['modulation.prune.delta=1', /--set method\.prune\.delta=/],
    ['labelSmoothing=0.1', /--set task\.labelSmoothing=/],
    ['data.name=cifar10', /--set data=/],
  ])('refuses %s', async (assignment, message) => {
    expect(await problem(() => changed(assignment))).toMatch(message);
  });
});

describe('parseRecipe', () => {
  test('lists every problem, with the nearest field', async () => {
    const value = { ...digits, batchsize: 3, epochs: -1 };
    const message = await problem(() => parseRecipe(value, 'my.json', installed));
    expect(message).toMatch(/batchsize: no such field; did you mean "batchSize"/);
    expect(message).toMatch(/epochs: .*found -1/);
    expect(message).toMatch(/at my\.json/);
  });

  test('knows the fields of the variant and of the part that were chosen', async () => {
    const optimizer = { ...digits.optimizer, beta1: 0.9 };
    expect(await problem(() => parseRecipe({ ...digits, optimizer }, 'x', installed))).toMatch(
      /optimizer.beta1: no such field; .*weightDecay/,
    );
    const task = { ...digits.task, labelSmothing: 0.1 };
    expect(await problem(() => parseRecipe({ ...digits, task }, 'my.json', installed))).toMatch(
      /task\.labelSmothing: no such field; did you mean "labelSmoothing"[\s\S]*my\.json/,
    );
  });

  test('completes the options of parts, and takes no part of a package that is not installed', async () => {
    const method = { use: '@ma-net/baselines#magnitude' };
    expect((await parseRecipe({ ...digits, method }, 'x', installed)).method).toMatchObject({ ramp: 0.7 });
    const foreign = { use: 'left-pad#pad' };
    expect(await problem(() => parseRecipe({ ...digits, method: foreign }, 'x', installed))).toMatch(
      /not a dependency/,
    );
  });

  test('the frame alone leaves parts as they are', () => {
    const method = { use: 'anybody#anything', option: 1 };
    expect(parseFrame({ ...digits, method }, 'x').method).toEqual(method);
    expect(Object.keys(recipeFrame.shape)).toEqual(expect.arrayContaining([...slots]));
  });
});

test('the parts of a recipe are found with complete options', async () => {
  const { network, method } = await resolveParts(digits, installed);
  expect(network.part.id).toBe('@ma-net/tnet#zoo');
  expect((await method.open()).name).toBe('ma-net');
});

describe('defineRecipe', () => {
  interface Boxes {
    readonly [name: string]: tf.Tensor;
    readonly boxes: tf.Tensor3D;
  }
  const boxes = definePart({
    id: 'here#boxes',
    kind: 'data',
    about: 'images and boxes',
    schema: z.strictObject({}),
    open: (): Promise<Data<Boxes>> => Promise.reject(new Error('no data')),
  });
  const detection = definePart({
    id: 'here#detection',
    kind: 'task',
    about: 'boxes',
    schema: z.strictObject({}),
    open: (): Promise<TaskOn<Boxes>> => Promise.reject(new Error('no task')),
  });

  test('ties data to the task: boxes under a classifier do not compile', () => {
    const { format: _, data: __, task: ___, ...others } = digits;
    const detect: () => Recipe<Boxes> = defineRecipe(() => ({
      ...others,
      data: boxes({}),
      task: detection({}),
    }));
    expect(detect().data.use).toBe('here#boxes');
    // @ts-expect-error boxes under a classifier
    const wrong = defineRecipe(() => ({ ...others, data: boxes({}), task: classification({}) }));
    expect(wrong().task.use).toBe('@ma-net/task-classification#classification');
  });

  test('an unknown option of a part, and a field that a recipe does not have, do not compile', () => {
    const { format: _, ...others } = digits;
    // @ts-expect-error an option that is not there
    expect(() => classification({ labelSmothing: 0.1 })).toThrow(/did you mean "labelSmoothing"/);
    const wrong = defineRecipe(() => ({
      ...others,
      // @ts-expect-error a field of another kind
      epochs: 'three',
    }));
    expect(wrong).toThrow(expect.objectContaining({ code: 'bad-recipe' }));
  });
});
