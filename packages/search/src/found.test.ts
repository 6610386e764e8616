import { expect, test } from 'vitest';
import { assertTrains, foundRecipe, searchedSpace } from './found.ts';
import { genotypeText, parseGenotype, published } from './genotype.ts';

const search = {
  name: 's',
  about: 'a search',
  network: { use: '@ma-net/search#supernet', space: 'darts', channels: 4, layers: 3 },
  method: { use: '@ma-net/search#darts' },
  epochs: 3,
};
const { DARTS_V1 } = published;

test('what was found is trained with the sizes of the search, or as another recipe says', () => {
  const found = foundRecipe(search, DARTS_V1);
  expect(found).toMatchObject({
    name: 's-found',
    network: { use: '@ma-net/search#darts-network', channels: 4, layers: 3 },
    method: { use: '@ma-net/baselines#plain' },
    epochs: 3,
  });
  expect(parseGenotype(found.network['genotype' as never])).toEqual(DARTS_V1);
  const large = {
    ...search,
    name: 'l',
    network: { use: '@ma-net/search#darts-network', genotype: 'DARTS_V2', layers: 20 },
  };
  expect(foundRecipe(large, DARTS_V1)).toMatchObject({ network: { layers: 20 }, method: search.method });
  const arch = '|none~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|';
  const bench = { ...search, network: { use: '@ma-net/search#supernet', space: 'nas-bench-201', layers: 2 } };
  const cell = foundRecipe(bench, parseGenotype(arch));
  expect(cell.network).toEqual({ use: '@ma-net/search#nas-bench-201-network', genotype: arch, cells: 2 });
  expect(genotypeText(parseGenotype(arch))).toBe(arch);
});

test('a recipe of another network or space is refused', () => {
  const bench = { ...search, network: { use: '@ma-net/search#supernet', space: 'nas-bench-201' } };
  const zoo = { ...search, network: { use: '@ma-net/tnet#zoo', name: 'resnet18' } };
  expect(() => assertTrains(bench, 'nas-bench-201')).not.toThrow();
  expect(searchedSpace(bench)).toBe('nas-bench-201');
  expect(() => searchedSpace(zoo)).toThrow(expect.objectContaining({ code: 'bad-recipe' }));
  for (const into of [bench, zoo])
    expect(() => foundRecipe(into, DARTS_V1)).toThrow(expect.objectContaining({ code: 'network-mismatch' }));
});
