// `manet sweep`, as it is typed.

import { type Command, Option } from 'commander';
import { backendOption, threadsOption } from './shared-options.ts';
import { axis, positive, wholeNumbers } from './option-values.ts';

/** Adds the command; `done` is told its exit code. */
export function sweepCommand(
  command: (name: string, about: string, examples: readonly string[]) => Command,
  done: (code: number) => void,
): void {
  command('sweep', 'Train a recipe with every combination of some settings and seeds, into one table.', [
    'manet sweep --recipe digits --seeds 0..4 --set optimizer.learningRate=0.05,0.1',
    'manet sweep --recipe digits --set batchSize=32,64 --set epochs=4 --jobs 2',
    'mpirun -n 8 manet sweep --recipe digits --seeds 0..7',
  ])
    .usage('--recipe <name> [--seeds 0..4] [--set path=a,b]... [options]')
    .requiredOption('--recipe <name>', 'a name of "manet recipes", a .json, .mjs or .ts file, or a run')
    .option('--set <path=values>', 'a field and its values, as a,b,c (repeatable)', axis, [])
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option('--method <name>', 'plain, magnitude, slim, ma-net, or another installed one').default(
        undefined,
        "the recipe's",
      ),
    )
    .addOption(
      new Option('--seeds <list>', 'seeds, as 0..4 or 0,1,2').argParser(wholeNumbers).default([0], '0'),
    )
    .addOption(
      new Option('--jobs <n>', 'processes that train at the same time').argParser(positive).default(1),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <dir>', 'folder of the sweep; the same one goes on with it').default(
        undefined,
        'runs/sweep-<recipe>',
      ),
    )
    .addOption(new Option('--worker').hideHelp())
    .action(async (options) => done(await (await import('./commands/sweep.ts')).sweep(options)));
}
