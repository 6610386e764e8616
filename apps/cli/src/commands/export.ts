import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { loadNetwork, type NetworkFacts, type TrainedNetwork } from '@ma-net/recipes/node';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { networkFacts } from '../facts.ts';
import { formats, type FormatName } from '../formats.ts';
import { isRun } from '../network-argument.ts';
import { decide, prepare } from '../prepared-network.ts';
import { openSavedRun, requireCheckpoint } from '../saved-run.ts';
import { createScreen } from '../screen.ts';

export interface ExportArguments {
  readonly format: FormatName;
  readonly dense?: boolean;
  readonly recalibrate?: boolean;
  readonly data?: string;
  readonly backend: string;
  readonly out?: string;
}

/** `manet export`: the pruned, compacted network of a run, or a pruned file, in a format of choice. */
export async function exportNetwork(path: string, args: ExportArguments): Promise<void> {
  const screen = createScreen();
  const { extension, write } = await formats[args.format]();
  const out = args.out ?? defaultOut(path, extension);
  const { facts, ...network } = await (isRun(path) ? fromRun(path, args) : fromFile(path, args));
  const said = await write(out, network, facts);
  tf.dispose([network.params, network.stats] as tf.TensorContainer);
  screen.line(`Wrote ${out}${said === undefined ? '' : `: ${said}`}.`);
}

type Exported = TrainedNetwork & { readonly facts: NetworkFacts };

async function fromRun(path: string, args: ExportArguments): Promise<Exported> {
  const saved = await openSavedRun(path, args.data);
  await start(args.backend);
  const { open } = saved;
  const { state } = requireCheckpoint(saved);
  const decision = await decide(open, state, { dense: args.dense ?? false });
  const network = await prepare(open, state, decision, { again: args.recalibrate ?? false });
  disposeState(state);
  return { ...network, facts: networkFacts(open, decision) };
}

async function fromFile(path: string, { dense, recalibrate, backend }: ExportArguments): Promise<Exported> {
  const flag = dense === true ? '--dense' : recalibrate === true ? '--recalibrate' : undefined;
  if (flag !== undefined) {
    throw new MaNetError('bad-argument', `An exported network stays as it is; ${flag} needs its run.`, {
      where: path,
      hint: `pass the run directory, or leave ${flag} out.`,
    });
  }
  await start(backend);
  return loadNetwork(path);
}

/** network.<extension> in the run, or beside the file under its own name. */
function defaultOut(path: string, extension: string): string {
  if (isRun(path)) return join(path, `network${extension}`);
  const out = join(dirname(path), `${basename(path, extname(path))}${extension}`);
  if (!existsSync(out) || out !== join(path)) return out;
  throw new MaNetError('bad-argument', 'The network would be written over itself.', {
    where: path,
    hint: 'name another file with --out.',
  });
}
