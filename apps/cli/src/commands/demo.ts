import { join } from 'node:path';
import { saveNetwork } from '@ma-net/export/node';
import { countMacs, countParameters } from '@ma-net/metrics';
import { findRecipe } from '@ma-net/recipes';
import { override } from '@ma-net/run';
import {
  createRunDirectory,
  decide,
  describeDecision,
  factsOf,
  masksInForce,
  networkFacts,
  type OpenRun,
  openRun,
  testMeasures,
  predictions,
  prepare,
  secondsPerImage,
} from '@ma-net/run/node';
import { disposeState, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { installed } from '../installed.ts';
import { changed, count, duration, percent } from '../quantities.ts';
import { EXIT } from '../report-error.ts';
import { freePath } from '../run-path.ts';
import { createScreen, type Screen, wrapped } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, train } from '../training.ts';

export interface DemoArguments {
  readonly seed: number;
  readonly backend: string;
  readonly threads?: number;
}

/** What is trained, how the table calls it, and whether its pruning has rows of its own. */
const METHODS = [
  ['plain', 'baseline', false],
  ['magnitude', 'magnitude pruning', false],
  ['ma-net', 'MA-Net', true],
] as const;

/** Columns of the table at the end, and its rows: the methods, then what pruning makes of the last one. */
export const HEAD = ['', 'test top1', 'parameters', 'MACs', 'training', 'per image'];
export const ROWS = [...METHODS.map(([, title]) => title), '  pruned', '  compacted'];

/**
 * `manet demo`, which is `npm start`: the baseline, magnitude pruning and MA-Net on real digits, from the
 * same weights and the same mini-batches; then the MA-Net pruned and compacted.
 */
export async function demo({ seed, backend: wanted, threads }: DemoArguments): Promise<number> {
  const screen = createScreen();
  const started = performance.now();
  const parts = installed();
  const backend = await start(wanted, { threads });
  const rows: string[][] = [];
  for (const [method, title, ownRows] of METHODS) {
    const recipe = await override(findRecipe('digits'), [`seed=${seed}`, `method=${method}`], parts);
    const open = await openRun(recipe, parts);
    if (rows.length === 0) {
      screen.line(describeRun(open));
      screen.line(`${backend.name}: ${backend.device}`);
    }
    const path = freePath(open.recipe);
    screen.line();
    screen.heading(`${title} (${path})`);
    const directory = await createRunDirectory(path, open.recipe, factsOf(open, backend));
    const state = open.start();
    const { reason, seconds } = await train(open, directory, state, screen).finally(() => directory.close());
    if (reason === 'interrupted') {
      screen.line(`\nStopped and saved. Continue this training with: ${manet()} train --resume ${path}`);
      disposeState(state);
      return EXIT.interrupted;
    }
    const measured = await measure(open, state, { title, seconds, ownRows });
    rows.push(measured.row);
    if (ownRows) {
      screen.line('\nPruning: dead connections become zeros, channels that nobody reads go.\n');
      rows.push(...(await prune(open, state, path, measured.labels, screen)));
    }
    disposeState(state);
  }
  screen.line();
  for (const line of table(HEAD, rows, screen.width)) screen.line(line);
  screen.line(`\nEverything took ${duration((performance.now() - started) / 1000)}. The runs are in runs/.`);
  screen.line(`  next: ${manet()} train --help`);
  return 0;
}

interface Measured {
  readonly row: string[];
  /** The class it gives each test image. */
  readonly labels: Int32Array;
}

/** The trained network as it stands, gates and all. */
async function measure(
  open: OpenRun,
  state: TrainingState,
  {
    title,
    seconds,
    ownRows,
  }: { readonly title: string; readonly seconds: number; readonly ownRows: boolean },
): Promise<Measured> {
  const { network } = open;
  const params = open.training.weights(state.sections);
  const trained = { network, params, stats: state.sections.stats };
  const labels = await predictions(trained, open);
  const perImage = await secondsPerImage(trained, open);
  const { top1 } = await testMeasures(trained, open);
  tf.dispose(params as tf.TensorContainerObject);
  // What was removed is gone, unless it is told in the rows of the pruning.
  const masks = ownRows ? {} : await masksInForce(open, state);
  const { total, kept } = countParameters(network, masks);
  const macs = [countMacs(network, masks), countMacs(network)] as const;
  return { row: rowOf(title, top1!, [kept, total], macs, seconds, perImage), labels };
}

/** Prunes, compacts, saves; says how many predictions stayed the same. Returns the last rows of the table. */
async function prune(
  open: OpenRun,
  state: TrainingState,
  path: string,
  before: Int32Array,
  screen: Screen,
): Promise<string[][]> {
  const decision = await decide(open, state, { dense: false });
  const whole = [countParameters(open.network).total, countMacs(open.network)] as const;
  const { plan, removal } = decision;
  screen.line(`${wrapped(describeDecision(open, decision), screen.width)}\n`);

  const rows: string[][] = [];
  const steps = [
    ['  pruned', { plan: plan!, removal: removal! }],
    ['  compacted', decision],
  ] as const;
  for (const [title, step] of steps) {
    const network = await prepare(open, state, step, { again: false, open: async () => open });
    const labels = await predictions(network, open);
    const perImage = await secondsPerImage(network, open);
    const { top1 } = await testMeasures(network, open);
    const same = labels.reduce((sum, label, i) => sum + Number(label === before[i]), 0);
    screen.line(
      `${title.padEnd(11)}  ${same} of ${labels.length} predictions on test images are those of the MA-Net`,
    );
    // A compacted network is counted with the zeros it still holds: that is what it stores and computes.
    const masks = step === decision ? {} : await masksInForce(open, state);
    const params = [countParameters(network.network, masks).kept, whole[0]] as const;
    const macs = [countMacs(network.network, masks), whole[1]] as const;
    rows.push(rowOf(title, top1!, params, macs, undefined, perImage));
    if (step === decision)
      await saveNetwork(join(path, 'pruned.safetensors'), network, networkFacts(open, decision));
    tf.dispose([network.params, network.stats] as tf.TensorContainer);
  }
  return rows;
}

function rowOf(
  title: string,
  top1: number,
  [params, allParams]: readonly [number, number],
  [macs, allMacs]: readonly [number, number],
  seconds: number | undefined,
  perImage: number,
): string[] {
  return [
    title,
    percent(top1),
    changed(params, allParams),
    changed(macs, allMacs),
    seconds === undefined ? '' : duration(seconds),
    `${count(1e6 * perImage)} µs`,
  ];
}
