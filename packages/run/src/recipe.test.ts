import { describe, expect, test } from 'vitest';
import { digits } from '../test/recipe.ts';
import { override } from './override.ts';
import { parseRecipe } from './recipe.ts';

const problem = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/bad-recipe/) });
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

describe('override', () => {
  const recipe = digits;

  test('changes fields by path and nothing else', () => {
    const changed = override(recipe, [
      'epochs=3',
      'optimizer.learningRate=0.05',
      'modulation.mnet.temporal=own',
      'data.trainLimit=100',
    ]);
    expect(changed).toEqual({
      ...recipe,
      epochs: 3,
      optimizer: { ...recipe.optimizer, learningRate: 0.05 },
      modulation: { ...recipe.modulation, mnet: { ...recipe.modulation.mnet, temporal: 'own' } },
      data: { ...recipe.data, trainLimit: 100 },
    });
    expect(recipe.epochs).not.toBe(3);
  });

  test('takes a whole variant as JSON', () => {
    const { modulation } = override(recipe, ['modulation.prune={"mode":"delta","delta":0.001,"kappa":0.5}']);
    expect(modulation.prune).toEqual({ mode: 'delta', delta: 0.001, kappa: 0.5 });
  });

  test.each([
    ['epoch=3', /no field "epoch"[\s\S]*did you mean "epochs"/],
    ['optimizer.learnRate=1', /no field "optimizer.learnRate"[\s\S]*did you mean "learningRate"/],
    ['modulation.mnet.astrocite=2', /did you mean "astrocytes"/],
    ['seed.value=1', /"seed" is a single value/],
    ['epochs', /expected path=value/],
    ['epochs=many', /epochs: .*expected number.*found "many"/],
    ['modulation.prune.removeModulated=1.5', /removeModulated: .*found 1.5/],
    ['method=best', /method: .*"plain"/],
    ['batchSize=0', /batchSize: .*found 0/],
  ])('refuses %s', (assignment, message) => {
    expect(problem(() => override(recipe, [assignment]))).toMatch(message);
  });
});

describe('parseRecipe', () => {
  test('lists every problem, with the nearest field', () => {
    const message = problem(() => parseRecipe({ ...digits, batchsize: 3, epochs: -1 }, 'my.json'));
    expect(message).toMatch(/batchsize: no such field; did you mean "batchSize"/);
    expect(message).toMatch(/epochs: .*found -1/);
    expect(message).toMatch(/at my\.json/);
  });

  test('knows the fields of the variant that was chosen', () => {
    const recipe = digits;
    const optimizer = { ...recipe.optimizer, beta1: 0.9 };
    expect(problem(() => parseRecipe({ ...recipe, optimizer }, 'x'))).toMatch(
      /optimizer.beta1: no such field; .*weightDecay/,
    );
  });
});
