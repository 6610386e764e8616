// The command line: names, options and their defaults. What a command does is in `commands/`, imported when
// it is run.

import { Command, InvalidArgumentError, Option } from 'commander';
import { helpStyle, withExamples } from './help.ts';
import { ownVersion } from './version.ts';

/** The whole `manet` command. `setExitCode` is told the code of a command that did not throw. */
export function createProgram(setExitCode: (code: number) => void): Command {
  const done = (code: number | undefined): void => setExitCode(code ?? 0);
  const program = withExamples(new Command('manet'), [
    'manet train --recipe digits',
    'manet prune runs/digits-ma-net-s0 --dry-run',
    'manet export runs/digits-ma-net-s0 --format safetensors',
  ])
    .description(
      'Trains networks whose connections are modulated and pruned by astrocytes (MA-Net). ' +
        'Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 130 interrupted.',
    )
    .usage('<command> [options]')
    .version(ownVersion(), '--version', 'print the version')
    .option('--debug', 'print the stack of an error')
    .helpOption('--help', 'explain manet or a command')
    .helpCommand(false)
    .configureHelp(helpStyle)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, 'error [usage]:')),
    })
    .exitOverride();

  const command = (name: string, about: string, examples: readonly string[]): Command =>
    withExamples(program.command(name), examples).description(about);

  command('train', 'Train a recipe.', [
    'manet train --recipe digits',
    'manet train --recipe digits --method plain --seed 1',
    'manet train --recipe cifar10-resnet10 --data ../cifar10 --set epochs=3',
    'manet train --resume runs/digits-ma-net-s0',
  ])
    .usage('--recipe <name> [--set path=value]... [options]')
    .option('--recipe <name>', 'what to train: a name of "manet recipes", or a .json file')
    .option('--set <path=value>', 'change one field of the recipe (repeatable)', collect, [])
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option('--method <name>', 'plain, magnitude or ma-net')
        .choices(['plain', 'magnitude', 'ma-net'])
        .default(undefined, "the recipe's"),
    )
    .addOption(
      new Option('--seed <n>', 'seed of weights and data order')
        .argParser(wholeNumber)
        .default(undefined, "the recipe's"),
    )
    .addOption(backendOption())
    .addOption(
      new Option('--out <dir>', 'directory of the run').default(
        undefined,
        'runs/<recipe>-<method>-s<seed>, numbered when taken',
      ),
    )
    .option('--resume <run>', 'continue a run from its last checkpoint')
    .option('--print', 'print the resolved recipe and exit')
    .action(async (options) => done(await (await import('./commands/train.ts')).train(options)));

  return program;
}

function backendOption(): Option {
  return new Option('--backend <name>', 'auto, or one of "manet doctor"').default('auto');
}

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It has to be a whole number of at least 0.');
  return value;
}
