import { expect, test } from 'vitest';
import { evaluateCoco } from './evaluate.ts';
import { cocoMeasures } from './measures.ts';

test('measures are those numbers that there are, by the names of tasks', () => {
  const object = { image: 1, category: 1, box: [0, 0, 4, 4], area: 16, crowd: false } as const;
  const found = { image: 1, category: 1, score: 0.5, box: [0, 0, 4, 4] } as const;
  const { all } = evaluateCoco([object], [found], { of: 'boxes', images: [1], categories: [1] });
  // A small object is all there is.
  const names = ['AP', 'AP50', 'AP75', 'APs', 'AR1', 'AR10', 'AR100', 'ARs'];
  expect(cocoMeasures(all, 'boxes')).toEqual(
    Object.fromEntries(names.map((name) => [name, expect.closeTo(1, 9) as number])),
  );
  expect(Object.keys(cocoMeasures(all, 'masks'))).toEqual(names.map((name) => `mask${name}`));
});
