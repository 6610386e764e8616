export { dartsNetwork, type DartsShape, type ImageOptions } from './darts-network.ts';
export {
  type Choice,
  type DartsGenotype,
  type Genotype,
  genotypeJson,
  genotypeText,
  type NasBench201Genotype,
  operationsOf,
  parseGenotype,
  published,
  type SpaceName,
} from './genotype.ts';
export { nasBench201Network, type NasBench201Shape } from './nas-bench-201-network.ts';
export type { OperationName } from './operations.ts';
export { type Edge, type Path, type Space, spaceOf, type Table } from './space.ts';
export { type Budget, type Limits } from './budget.ts';
export { type SearchLimits, type Supernet, supernet, supernetOf, type SupernetShape } from './supernet.ts';
export { darts, type Searching } from './darts.ts';
export { dartsPt } from './darts-pt.ts';
export { type Found } from './architecture.ts';
export {
  type DartsChoices,
  type DartsOptions,
  dartsOptions,
  type DartsPtChoices,
  type DartsPtOptions,
  dartsPtOptions,
  type HotnasChoices,
  type HotnasOptions,
  hotnasOptions,
  type NasLidChoices,
  type NasLidOptions,
  nasLidOptions,
  type ShapleyChoices,
  type ShapleyOptions,
  shapleyOptions,
} from './options.ts';
export { shapleyNas } from './shapley-nas.ts';
export { assertTrains, foundRecipe, type Searched, searchedSpace, searches } from './found.ts';
export { hotnas } from './hotnas.ts';
export { nasLid } from './nas-lid.ts';
export { Distances } from './hot/distance.ts';
