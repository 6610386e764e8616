import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { saveNetwork, type TrainedNetwork } from '@ma-net/export/node';
import { safetensors } from '@ma-net/export/parts';
import { DEFAULT_KAPPA, type PruneRule, pruneRule } from '@ma-net/mnet';
import { shortName } from '@ma-net/run';
import {
  decide,
  describeDecision,
  describeGroups,
  testMeasures,
  networkFacts,
  type OpenRun,
  openSavedRun,
  prepare,
  requireBest,
  requireCheckpoint,
} from '@ma-net/run/node';
import { disposeState, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { installed } from '../installed.ts';
import { manet } from '../command-name.ts';
import { refuseOut } from '../out-path.ts';
import { costsMost } from '../plan-cost.ts';
import { measured } from '../quantities.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';

export interface PruneArguments {
  readonly delta?: number;
  /** A fraction of the modulated parameters. */
  readonly removeModulated?: number;
  readonly dense?: boolean;
  readonly recalibrate?: boolean;
  readonly dryRun?: boolean;
  /** The one coupling group to show. */
  readonly group?: string;
  /** Whether the best checkpoint of a run is meant, and not the last. */
  readonly best?: boolean;
  readonly data?: string;
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** `manet prune`: plans, prints, and writes the pruned network. */
export async function prune(path: string, args: PruneArguments): Promise<void> {
  const screen = createScreen();
  const out = args.out ?? join(path, 'pruned.safetensors');
  const saved = await openSavedRun(path, installed(), args.data);
  // Before anything is computed: what must not be written over is known now.
  if (args.dryRun !== true) refuseOut(out, await safetensors.open({}), { force: args.force ?? false });
  const { run, open } = saved;
  await start(args.backend, args);
  const { state } = args.best === true ? requireBest(saved) : requireCheckpoint(saved, warn);
  const rule = ruleOf(args, run.recipe.method);
  const decision = await decide(run, state, {
    dense: args.dense ?? false,
    ...(rule === undefined ? {} : { rule }),
  });
  if (decision.plan === undefined) {
    throw new MaNetError('prune-refused', 'No connection of this run was ever modulated: nothing is dead.', {
      where: `${path}, method "${shortName(run.recipe.method)}", mini-batch ${state.step}`,
      hint: 'train with --method ma-net or --method magnitude, past the plain rounds.',
    });
  }
  if (args.dryRun === true) {
    const groups = describeGroups(run, decision, args.group);
    if (groups !== '') screen.line(`${wrapped(groups, screen.width)}\n`);
  }
  screen.line(wrapped(describeDecision(run, decision), screen.width));
  screen.line();
  const again = args.recalibrate ?? false;
  const moved = decision.removal?.moved === true;
  // As trained, the file computes what the run computes; under another rule nobody knows before it is measured.
  const network =
    moved || args.dryRun !== true ? await prepare(run, state, decision, { again, open }) : undefined;
  if (moved) await tellCost(await open(), state, network!, screen);
  if (args.dryRun === true) {
    screen.line('Nothing was written. Drop --dry-run to apply.');
  } else {
    await saveNetwork(out, network!, networkFacts(run, decision));
    screen.line(
      moved || again
        ? `Wrote ${out}, with running statistics estimated again.`
        : `Wrote ${out}; it computes what the run computes.`,
    );
    screen.line(`  next: ${manet()} eval ${out}`);
  }
  if (network !== undefined) tf.dispose([network.params, network.stats] as tf.TensorContainer);
  disposeState(state);
}

/** Measures the run and what is left of it on the test images, and says what the difference means. */
async function tellCost(
  open: OpenRun,
  state: TrainingState,
  left: TrainedNetwork,
  screen: Screen,
): Promise<void> {
  const { measure: name, better } = open.task.headline;
  const measure = async (network: TrainedNetwork): Promise<number> =>
    (await testMeasures(network, open))[name]!;
  const params = open.training.weights(state.sections);
  const before = await measure({ network: open.network, params, stats: state.sections.stats });
  tf.dispose(params as tf.TensorContainerObject);
  const after = await measure(left);
  screen.line(`  test ${name}   ${measured(name, before)} -> ${measured(name, after)}`);
  if (costsMost(before, after, better)) {
    screen.line(
      wrapped(
        '  This costs most of what was learned. Remove less, or train towards it: --set method.prune=... of "manet train".',
        screen.width,
      ),
    );
  }
  screen.line();
}

/** The rule asked for, if any; what was not said about it is as it was trained. */
function ruleOf(
  { delta, removeModulated }: PruneArguments,
  method: OpenRun['recipe']['method'],
): PruneRule | undefined {
  if (removeModulated !== undefined) return { mode: 'target', removeModulated };
  if (delta === undefined) return undefined;
  const trained = pruneRule.safeParse(method['prune']).data;
  return { mode: 'delta', delta, kappa: trained?.mode === 'delta' ? trained.kappa : DEFAULT_KAPPA };
}
