import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Batch, cloneParams, MaNetError } from '@ma-net/core';
import type { NetworkFacts } from '@ma-net/export';
import {
  type Format,
  forImages,
  loadNetwork,
  otherShapes,
  pytorchModel,
  type TestImages,
  type TrainedNetwork,
  verify,
} from '@ma-net/export/node';
import { parseRecipe, partNamed } from '@ma-net/run';
import {
  decide,
  networkFacts,
  openFor,
  openSavedRun,
  prepare,
  requireBest,
  requireCheckpoint,
  withData,
} from '@ma-net/run/node';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { isRun } from '../network-argument.ts';
import { count } from '../quantities.ts';
import { refuseOut } from '../out-path.ts';
import { createScreen, type Screen, warn } from '../screen.ts';

export interface ExportArguments {
  /** A part's name or id. */
  readonly format: string;
  readonly dense?: boolean;
  readonly recalibrate?: boolean;
  /** Whether the file takes pixels, where the format can. */
  readonly normalisation: boolean;
  readonly opset?: number;
  /** Whether weights get the PyTorch model that they belong to. */
  readonly model: boolean;
  readonly verify?: boolean;
  /** Whether the best checkpoint of a run is meant, and not the last. */
  readonly best?: boolean;
  readonly data?: string;
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** `manet export`: the pruned, compacted network of a run, or a pruned file, in a format of choice. */
export async function exportNetwork(
  path: string,
  args: ExportArguments,
  screen: Screen = createScreen(),
): Promise<void> {
  const part = await partNamed(args.format, 'format', installed());
  const format = (await part.open({} as never)) as Format;
  const out = args.out ?? defaultOut(path, format.extension);
  if (resolve(out) === resolve(path)) {
    throw new MaNetError('bad-argument', 'The network would be written over itself.', {
      where: path,
      hint: 'name another file with --out.',
    });
  }
  if (!format.takesPixels && !args.normalisation) {
    throw new MaNetError(
      'bad-argument',
      `A file of the format ${args.format} holds no normalisation to leave out.`,
      {
        where: '--no-normalisation',
        hint: 'leave it out, or choose --format onnx or tfjs.',
      },
    );
  }
  if (format.writesModel !== true && !args.model) {
    throw new MaNetError('bad-argument', `The format ${args.format} writes no PyTorch model to leave out.`, {
      where: '--no-model',
      hint: 'leave it out, or choose --format safetensors.',
    });
  }
  const model = format.writesModel === true && args.model ? besides(out, '.py') : undefined;
  refuseOut(out, format, { force: args.force ?? false });
  if (model !== undefined) refuseModel(model, out, { force: args.force ?? false });
  if (args.opset !== undefined && format.hasOperatorSets !== true) {
    throw new MaNetError('bad-argument', `The format ${args.format} has no operator sets.`, {
      where: '--opset',
      hint: 'leave --opset out, or pass --format onnx.',
    });
  }
  const pixels = format.takesPixels && args.normalisation;
  const backend = backendFor(format, args);
  const source = await (isRun(path) ? fromRun(path, args, backend) : fromFile(path, args, backend));
  const { network, facts, reference } = source;
  // A graph is of images of one shape: data of several shapes get several.
  const files = new Map([[String(facts.shapes['images']), { to: out, network: network.network, facts }]]);
  for (const shape of format.anyShape === true ? [] : otherShapes(facts)) {
    const to = besides(out, `-${shape.slice(0, 2).join('x')}${format.extension}`);
    refuseOut(to, format, { force: args.force ?? false });
    files.set(String(shape), { to, ...forImages(network.network, facts, shape) });
  }
  for (const { to, ...made } of files.values()) {
    const options = { pixels, opset: args.opset, model };
    const words = await format.write(to, { ...network, network: made.network }, made.facts, options);
    screen.line(`Wrote ${to}: ${words}.`);
  }
  if (args.verify === true) {
    const fileOf = (shape: readonly number[]): string => files.get(String(shape))?.to ?? out;
    const run: Format['run'] = (file, inputs) => format.run(file, inputs, installed());
    const { images, same, largest } = await verify({ run }, fileOf, reference, await source.open(), pixels);
    screen.line(
      `Verified: ${count(same)} of ${count(images)} test images get what the ${isRun(path) ? 'run' : 'file'} gives them, the largest outputs at the same places; outputs differ by at most ${largest.toExponential(1)}.`,
    );
  }
  tf.dispose([network.params, network.stats, reference.params, reference.stats] as tf.TensorContainer);
}

interface Source {
  /** What is exported. Owned. */
  readonly network: TrainedNetwork;
  readonly facts: NetworkFacts;
  /** What it is compared with: the run itself, gates and all. Owned. */
  readonly reference: TrainedNetwork;
  /** The test samples. */
  readonly open: () => Promise<TestImages<Batch>>;
}

async function fromRun(path: string, args: ExportArguments, backend: string): Promise<Source> {
  const saved = await openSavedRun(path, installed(), args.data);
  await start(backend, args);
  const { run, open } = saved;
  const { state } = args.best === true ? requireBest(saved) : requireCheckpoint(saved, warn);
  const decision = await decide(run, state, { dense: args.dense ?? false });
  const network = await prepare(run, state, decision, { again: args.recalibrate ?? false, open });
  // With statistics estimated again the file is meant to differ from the run; it must still be this network.
  const reference =
    args.recalibrate === true
      ? network
      : {
          network: run.network,
          params: run.training.weights(state.sections),
          stats: cloneParams(state.sections.stats),
        };
  disposeState(state);
  return { network, facts: networkFacts(run, decision), reference, open };
}

async function fromFile(path: string, args: ExportArguments, backend: string): Promise<Source> {
  const flags = { '--dense': args.dense, '--recalibrate': args.recalibrate, '--best': args.best };
  const flag = Object.entries(flags).find(([, given]) => given === true)?.[0];
  if (flag !== undefined) {
    throw new MaNetError('bad-argument', `An exported network stays as it is; ${flag} needs its run.`, {
      where: path,
      hint: `pass the run directory, or leave ${flag} out.`,
    });
  }
  if (args.data !== undefined && args.verify !== true) {
    throw new MaNetError('bad-argument', 'Exporting a file reads no data.', {
      where: '--data',
      hint: 'leave --data out, or compare the two files on the test images with --verify.',
    });
  }
  await start(backend, args);
  const parts = installed();
  const { facts, ...network } = await loadNetwork(path, { installed: parts });
  const open = async (): Promise<TestImages<Batch>> => {
    const recipe = await parseRecipe(facts.recipe, path, parts);
    const moved = args.data === undefined ? recipe : withData(recipe, args.data);
    return openFor(network.network, moved, parts);
  };
  return { network, facts, reference: network, open };
}

function backendFor({ backend }: Format, { backend: wanted, format }: ExportArguments): string {
  if (backend === undefined || wanted === 'auto' || wanted === backend) return backend ?? wanted;
  throw new MaNetError('bad-argument', `The format ${format} is written with the ${backend} backend.`, {
    where: `--backend ${wanted}`,
    hint: 'leave --backend out.',
  });
}

/** network.<extension> in the run, or beside the file under its own name. */
function defaultOut(path: string, extension: string): string {
  return isRun(path) ? join(path, `network${extension}`) : besides(path, extension);
}

function besides(path: string, extension: string): string {
  return join(dirname(path), `${basename(path, extname(path))}${extension}`);
}

/** As `refuseOut`, for the model beside the weights `out`. */
function refuseModel(model: string, out: string, options: { readonly force: boolean }): void {
  if (resolve(model) !== resolve(out)) return refuseOut(model, pytorchModel, options);
  throw new MaNetError('bad-argument', 'The weights and their PyTorch model would be one file.', {
    where: out,
    hint: 'name the weights .safetensors, or leave the model out with --no-model.',
  });
}
