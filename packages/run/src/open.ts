// From a recipe to something that can be trained (Node only, because data is read from disk).

import {
  type Architecture,
  assertSteps,
  type Batch,
  type BatchSource,
  type Data,
  type DataFacts,
  type Installed,
  MaNetError,
  type Method,
  type Network,
  Rng,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  type EvaluatedSet,
  initialState,
  openMethod,
  type Run,
  type TrainingOptions,
  type TrainingState,
} from '@ma-net/trainer';
import { type Recipe, type RecipeParts, resolveParts } from './recipe.ts';

/** What a run is made of beside its data: all that it takes to read its checkpoints. */
export interface ClosedRun<B extends Batch = Batch> {
  readonly recipe: Recipe<B>;
  /** What the network and the task were made for. */
  readonly facts: DataFacts;
  /** Its kernels are those that the method decides about. */
  readonly network: Network;
  readonly task: Task<B>;
  /** The task on another network: what is left of this one. */
  taskOn(network: Network): Task<B>;
  readonly method: Pick<Method, 'name'>;
  /** The method, opened for this run. */
  readonly training: Training<B>;
  readonly options: TrainingOptions;
  readonly batchesPerEpoch: number;
  readonly evaluateEvery: number;
  /** As those of `Known`. */
  readonly widths?: Widths;
  /** A state before the first mini-batch. */
  start(): TrainingState;
}

/** The data of a run. */
export interface RunData<B extends Batch = Batch> {
  readonly data: Data<B>;
  readonly source: BatchSource<B>;
  readonly evaluationBatches: () => Iterable<B> | AsyncIterable<B>;
  /** Of what is held out; absent where nothing is. */
  readonly validationBatches?: () => Iterable<B> | AsyncIterable<B>;
  readonly recalibrationBatches: () => Iterable<B> | AsyncIterable<B>;
}

/** Everything a run is made of, but for where it is written and who listens. */
export interface OpenRun<B extends Batch = Batch> extends ClosedRun<B>, RunData<B> {}

/** Samples of a test batch for one of a mini-batch: without a backward pass there is room for more. */
const EVALUATION_FACTOR = 4;

/**
 * Opens the parts of a recipe: loads its data and builds its network. `tell` is told what was taken from weights to start
 * from. Throws what resolving the parts, reading the data and the weights throw.
 */
export async function openRun<B extends Batch>(
  recipe: Recipe<B>,
  installed: Installed,
  tell?: Building['tell'],
): Promise<OpenRun<B>> {
  const data = await openRunData(recipe, installed);
  const how = { fresh: true, ...(tell === undefined ? {} : { tell }) };
  return { ...(await openClosedRun(recipe, installed, knownOf(data), how)), ...data };
}

/** How a network is built: for a fresh training or not, and who is told what was read. */
export type Building = Parameters<Architecture>[1];

/** What a run keeps of its data, so that it can be used without them. */
export interface Known {
  /** What the network and the task were made for. */
  readonly facts: DataFacts;
  readonly batchesPerEpoch: number;
  /** Of every sample in a mini-batch. */
  readonly views: number;
  /** Shapes of parameters that are not what the recipe alone makes them: it started from a network that was pruned. */
  readonly widths?: Widths;
}

/** Shapes of parameters by name. */
type Widths = Readonly<Record<string, readonly number[]>>;

/** What there is to know of data that are open. */
export function knownOf<B extends Batch>({ data, source }: Pick<RunData<B>, 'data' | 'source'>): Known {
  return { facts: data.facts, batchesPerEpoch: source.batchesPerEpoch, views: source.views ?? 1 };
}

/** The data of a recipe, and nothing else of it. Throws what reading them throws. */
export async function openRunData<B extends Batch>(
  recipe: Recipe<B>,
  installed: Installed,
): Promise<RunData<B>> {
  const parts = await resolveParts(recipe, installed);
  return openData(recipe, parts, await parts.method.open());
}

/**
 * All of a run but its data, from what is known of them. Weights to start from are read where it is `fresh`: nobody else
 * needs them.
 */
export async function openClosedRun<B extends Batch>(
  recipe: Recipe<B>,
  installed: Installed,
  known: Known,
  how: Building,
): Promise<ClosedRun<B>> {
  const parts = await resolveParts(recipe, installed);
  return closedRun(recipe, parts, await parts.method.open(), known, how);
}

/** The data and the task of a recipe, for a network that is there already: one that was exported. */
export async function openFor<B extends Batch>(
  network: Network,
  recipe: Recipe<B>,
  installed: Installed,
): Promise<RunData<B> & Pick<ClosedRun<B>, 'task' | 'facts'>> {
  const parts = await resolveParts(recipe, installed);
  const data = await openData(recipe, parts, await parts.method.open());
  const { facts } = data.data;
  return { ...data, facts, task: (await parts.task.open())(network, facts) };
}

async function openData<B extends Batch>(
  { seed, batchSize }: Recipe<B>,
  parts: RecipeParts<B>,
  { views = 1 }: Method,
): Promise<RunData<B>> {
  const data = await parts.data.open();
  const { samples } = data.train;
  if (batchSize > samples) {
    throw new MaNetError(
      'bad-recipe',
      `A mini-batch of ${batchSize} is larger than the training set of ${samples} samples.`,
      { where: 'batchSize', hint: `use at most ${samples}, or take more of the data.` },
    );
  }
  const { test, validation } = data;
  const most = EVALUATION_FACTOR * batchSize;
  return {
    data,
    source: await data.open({ batchSize, rng: Rng.fromSeed(seed).split('data'), views }),
    evaluationBatches: () => data.testBatches(Math.min(most, test.samples)),
    ...(validation === undefined || data.validationBatches === undefined
      ? {}
      : { validationBatches: () => data.validationBatches!(Math.min(most, validation.samples)) }),
    recalibrationBatches: () => data.recalibrationBatches(batchSize),
  };
}

async function closedRun<B extends Batch>(
  recipe: Recipe<B>,
  parts: RecipeParts<B>,
  method: Method,
  { facts, batchesPerEpoch, views, widths: known }: Known,
  how: Building,
): Promise<ClosedRun<B>> {
  const [build, on] = [await parts.network.open(), await parts.task.open()];
  const taskOn = (network: Network): Task<B> => on(network, facts);
  const { network, widths } = await builtWith(build, facts, how, known);
  const options = trainingOptions(recipe, batchesPerEpoch);
  const { task, training } = openMethod(method, taskOn(network), { batchesPerEpoch, views }, options);
  return {
    recipe,
    facts,
    network: { ...task.network, kernels: training.kernels ?? task.network.kernels },
    task,
    taskOn,
    method,
    training,
    options,
    batchesPerEpoch,
    evaluateEvery: Math.max(1, Math.round(recipe.evaluateEvery * batchesPerEpoch)),
    ...(widths === undefined ? {} : { widths }),
    start: () => initialState(task, training, recipe.seed),
  };
}

/**
 * The network, with the widths that a pruned one to start from gave it: found where that is read, known where it is not.
 */
async function builtWith(
  build: Architecture,
  facts: DataFacts,
  how: Building,
  known: Widths | undefined,
): Promise<{ readonly network: Network; readonly widths?: Widths | undefined }> {
  const network = await build(facts, how);
  if (!how.fresh) return { network: known === undefined ? network : network.resized(known), widths: known };
  const own = await build(facts, { fresh: false });
  const shapes = new Map(own.parameters.map(({ name, shape }) => [name, shape.join()]));
  const others = network.parameters.filter(({ name, shape }) => shapes.get(name) !== shape.join());
  if (others.length === 0) return { network };
  return { network, widths: Object.fromEntries(others.map(({ name, shape }) => [name, shape])) };
}

/** The numbers of a run that follow from a recipe and the size of its data. */
function trainingOptions<B extends Batch>(recipe: Recipe<B>, batchesPerEpoch: number): TrainingOptions {
  const { learningRate, clip, decay, groups, ...optimizer } = recipe.optimizer;
  return {
    seed: recipe.seed,
    budget: assertSteps(Math.max(1, Math.round(recipe.epochs * batchesPerEpoch)), 'epochs'),
    optimizer,
    learningRate,
    schedule: recipe.schedule,
    ...(recipe.ema === undefined ? {} : { ema: recipe.ema }),
    ...(clip === undefined ? {} : { clip }),
    ...(decay === undefined ? {} : { decay }),
    ...(groups === undefined ? {} : { groups }),
  };
}

/**
 * What the test images of a run are: `validation` where there are none but those that are held out, so that measures of them
 * are no measures of images that nothing was chosen on.
 */
export function testSet({ test, validation }: Pick<Data<Batch>, 'test' | 'validation'>): EvaluatedSet {
  return test.fingerprint === validation?.fingerprint ? 'validation' : 'test';
}

/** What `fit` needs of an open run. */
export function runOf<B extends Batch>({
  task,
  options,
  source,
  training,
  evaluateEvery,
  data,
  evaluationBatches,
  validationBatches,
  recipe,
}: OpenRun<B>): Omit<Run<B>, 'state' | 'listen'> {
  return {
    task,
    training,
    options,
    source,
    evaluateEvery,
    ...(testSet(data) === 'test' ? { evaluationBatches } : {}),
    ...(validationBatches === undefined ? {} : { validationBatches }),
    ...(recipe.saveEvery === undefined ? {} : { saveEvery: recipe.saveEvery }),
  };
}
