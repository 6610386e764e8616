import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fieldsAt, type Installed, MaNetError, type Network } from '@ma-net/core';
import { makeFolder, readSafetensors } from '@ma-net/core/node';
import { saveNetwork } from '@ma-net/export/node';
import { describeRule, pruneRule } from '@ma-net/mnet';
import { fineTuning, ownPhotos, shrinkRecipe } from '@ma-net/recipes';
import { parseRecipe, type Recipe, resolveParts } from '@ma-net/run';
import {
  type ClosedRun,
  networkFacts,
  openSavedRun,
  requireCheckpoint,
  shrink as shrinkNetwork,
  type Shrunk,
  withData,
} from '@ma-net/run/node';
import { createTNet, tnetNames } from '@ma-net/tnet';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { installed as installedHere } from '../installed.ts';
import { interruptible } from '../interrupt.ts';
import { changed, count, percent } from '../quantities.ts';
import { EXIT } from '../report-error.ts';
import { plainName } from '../run-path.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, showing } from '../training.ts';
import { type Removal, unitRule } from '../unit-rule.ts';

export interface ShrinkArguments extends Omit<Removal, 'remove'> {
  readonly removeParams?: number;
  readonly data?: string;
  /** Of the zoo, for a file of weights that does not say so. */
  readonly network?: string;
  /** Whether a part of the images is held out to choose by. */
  readonly heldOut: boolean;
  readonly epochs: number;
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
}

/** Images of a mini-batch, where there are so many. */
const BATCH = 32;

/** `manet shrink`: a trained network and images, to a smaller network. */
export async function shrink(source: string, args: ShrinkArguments): Promise<number> {
  const screen = createScreen();
  const installed = installedHere();
  const out = args.out ?? `runs/shrink-${plainName(basename(source, '.safetensors'), 'network')}`;
  const backend = await start(args.backend, args);
  await makeFolder(out);
  const asked = existsSync(join(source, 'recipe.json'))
    ? await ofRun(source, args, out, installed)
    : await ofWeights(source, args);
  const recipe = await parseRecipe(await fitting(asked, installed, args), 'shrink', installed);
  screen.line(wrapped(`${out}: ${describeRule(pruneRule.parse(recipe.method['prune']))}`, screen.width));
  screen.line(`${backend.name}: ${backend.device}`);
  const shrunk = await interruptible(
    () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
    (signal) =>
      shrinkNetwork(recipe, {
        out,
        installed,
        backend,
        signal,
        tell: warn,
        async watch(open, state) {
          screen.line();
          screen.heading(`${join(out, 'run')}: ${describeRun(open)}`);
          if (state.step > 0)
            screen.line(`  continuing after mini-batch ${state.step} of ${open.options.budget}`);
          return showing(open, state, screen);
        },
      }),
  );
  if (shrunk === undefined) {
    screen.line('\nStopped; everything is saved. The same command goes on.');
    return EXIT.interrupted;
  }
  tell(shrunk, screen);
  return 0;
}

function ruleOf({ removeParams, removeMacs, latency }: ShrinkArguments) {
  return unitRule({
    ...(removeParams === undefined ? {} : { remove: removeParams }),
    ...(removeMacs === undefined ? {} : { removeMacs }),
    ...(latency === undefined ? {} : { latency }),
  });
}

/** A network of the zoo, from a file of weights or the hub, on photographs. */
async function ofWeights(source: string, args: ShrinkArguments): Promise<Recipe> {
  if (args.data === undefined) {
    throw new MaNetError('bad-argument', 'There are no images to train on.', {
      where: '--data',
      hint: 'pass --data <folder> with one folder of images for each class.',
    });
  }
  const isHub = source === 'hub' || source.startsWith('hub:');
  const name = args.network ?? (isHub ? undefined : await nameIn(source));
  if (name === undefined) {
    throw new MaNetError('bad-argument', 'The weights do not say which network they are of.', {
      where: source,
      hint: 'pass --network <name>, one of "manet networks".',
    });
  }
  const { inputs }: Network = await createTNet(name, { numClasses: 2 });
  return shrinkRecipe(
    { name, weights: isHub ? source : resolve(source) },
    { folder: resolve(args.data), size: inputs[0]!.shape[0]!, heldOut: args.heldOut },
    { rule: ruleOf(args), epochs: args.epochs, batchSize: BATCH, seed: 0 },
  );
}

/** What a file says of itself, or is called: `resnet50-11ad3fa6.safetensors`. */
async function nameIn(file: string): Promise<string | undefined> {
  const { metadata } = await readSafetensors(file);
  const said = metadata['network'] ?? metadata['tnet'];
  if (metadata['ma-net.network'] !== undefined && said !== undefined) {
    const { name } = JSON.parse(said) as { readonly name?: unknown };
    if (typeof name === 'string') return name;
  }
  const called = tnetNames.filter((name) => basename(file).startsWith(name));
  return called.toSorted((a, b) => b.length - a.length)[0];
}

/** The network of a run as it was trained, on its own data or on photographs. */
async function ofRun(
  path: string,
  args: ShrinkArguments,
  out: string,
  installed: Installed,
): Promise<Recipe> {
  const saved = await openSavedRun(path, installed);
  const { run } = saved;
  const weights = resolve(out, 'start.safetensors');
  const { state } = requireCheckpoint(saved, warn);
  const params = run.training.weights(state.sections);
  const { recipe: _, ...facts } = networkFacts(run, {});
  await saveNetwork(weights, { network: run.network, params, stats: state.sections.stats }, facts);
  tf.dispose(params as tf.TensorContainerObject);
  disposeState(state);
  const { recipe } = run;
  const tuning = { rule: ruleOf(args), epochs: args.epochs, batchSize: recipe.batchSize, seed: recipe.seed };
  return {
    ...recipe,
    name: `shrink-${recipe.name}`,
    network: { ...recipe.network, weights },
    ...(args.data === undefined ? {} : { data: dataIn(resolve(args.data), run, args) }),
    ...fineTuning(tuning),
  };
}

/** Folders of images are photographs; another folder is that of the run's own data set. */
function dataIn(
  folder: string,
  { recipe, facts }: ClosedRun,
  { heldOut }: Pick<ShrinkArguments, 'heldOut'>,
): Recipe['data'] {
  const found = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const own =
    found.length > 0 && !found.some((entry) => entry.isDirectory() || /\.(tar|parquet)$/.test(entry.name));
  if (own) return withData(recipe, folder).data;
  const [size, , channels] = facts.shapes['images'] ?? [];
  if (size !== undefined && channels === 3) return ownPhotos({ folder, size, input: facts.input, heldOut });
  throw new MaNetError('bad-argument', 'The network of the run takes no photographs.', {
    where: '--data',
    hint: 'leave --data out: the run is fine-tuned on its own data.',
  });
}

/** Mini-batches an epoch, where there are images for them: units are decided about between rounds of an epoch. */
const LEAST_BATCHES = 8;
/** Part of the training images that is held out. */
const HELD_OUT = 0.1;
/** Fields of data that hold images out already. */
const HOLDING = ['validation', 'validationLast'];
/** Images of a mini-batch that its mean and variance need. */
const LEAST_BATCH = 4;

/** The recipe with images held out to choose by, where its data can, and mini-batches that its images are enough for. */
async function fitting(
  asked: Recipe,
  installed: Installed,
  { heldOut }: Pick<ShrinkArguments, 'heldOut'>,
): Promise<Recipe> {
  const { data } = await resolveParts(asked, installed);
  const canHold = fieldsAt(data.part.schema, [], data.options).includes('validation');
  const held = heldOut && canHold && !HOLDING.some((field) => Number(asked.data[field] ?? 0) > 0);
  const recipe = held ? { ...asked, data: { ...asked.data, validation: HELD_OUT } } : asked;
  const samples = await trainingSamples(recipe, installed, heldOut);
  const most = Math.max(Math.floor(samples / LEAST_BATCHES), Math.min(samples, LEAST_BATCH));
  return { ...recipe, batchSize: Math.min(recipe.batchSize, most) };
}

/** How many samples there are to train on. Where too few can be held out, the error says what to do. */
async function trainingSamples(recipe: Recipe, installed: Installed, heldOut: boolean): Promise<number> {
  const { data } = await resolveParts(recipe, installed);
  try {
    return (await data.open()).train.samples;
  } catch (error) {
    if (!heldOut || !(error instanceof MaNetError && error.where?.startsWith('validation'))) throw error;
    throw new MaNetError(error.code, error.message.split('\n')[0]!, {
      where: error.where,
      hint: 'add images to each class, or pass --no-held-out: all images train, choose and measure then.',
      cause: error,
    });
  }
}

function tell({ before, after, step, budget, difference, open, files }: Shrunk, screen: Screen): void {
  const { measure } = open.task.headline;
  const time = (ms: number): string => `${ms < 100 ? ms.toPrecision(3) : count(Math.round(ms))} ms`;
  const rows = [
    ['parameters', count(before.parameters), changed(after.parameters, before.parameters)],
    ['bytes', count(before.bytes), changed(after.bytes, before.bytes)],
    ['MACs', count(before.macs), changed(after.macs, before.macs)],
    ['per image', time(before.milliseconds), time(after.milliseconds)],
    [`test ${measure}`, percent(before.test[measure]!), percent(after.test[measure]!)],
  ];
  screen.line();
  for (const line of table(['', 'as it came', 'shrunk'], rows, screen.width)) screen.line(line);
  screen.line();
  const { train, validation, test } = open.data;
  const onTraining = test.fingerprint === train.fingerprint;
  const own = validation !== undefined ? 'held-out' : onTraining ? 'its training' : 'test';
  const lines = [
    `Taken after mini-batch ${step} of ${budget}, where it was best on ${own} images.`,
    ...(onTraining ? ['Nothing was held out: the measures say nothing about new images.'] : []),
    ...(validation?.fingerprint === test.fingerprint
      ? ['The folder has no test images of its own: the held-out ones chose and measured.']
      : []),
    `Outputs are those of the masked network, within ${difference.toExponential(1)} of the largest; so are those of the ONNX file.`,
    `Wrote ${files.weights} and ${files.graph}.`,
  ];
  for (const line of lines) screen.line(wrapped(line, screen.width));
  screen.line(`  next: ${manet()} eval ${files.weights}`);
}
