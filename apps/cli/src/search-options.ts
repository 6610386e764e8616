// `manet search`, as it is typed.

import { type Command, Option } from 'commander';
import { collect, positive, wholeNumber } from './option-values.ts';
import { backendOption, threadsOption } from './shared-options.ts';

/** Adds the command; `done` is told its exit code. */
export function searchCommand(
  command: (name: string, about: string, examples: readonly string[]) => Command,
  done: (code: number) => void,
): void {
  command('search', 'Search a network, and write what is found as a recipe to train.', [
    'manet search --recipe digits-darts-search',
    'manet search --recipe cifar10-darts-search --data ../cifar10 --as cifar10-darts',
    'manet search --resume runs/digits-darts-search-darts-s0',
  ])
    .usage('--recipe <name> [--as <name>] [--set path=value]... [options]')
    .option('--recipe <name>', 'a search among "manet recipes", a .json, .mjs or .ts file, or a run')
    .addOption(
      new Option(
        '--as <name>',
        'a recipe that is to train what is found, in the place of its own network',
      ).default(undefined, 'the search, with the sizes of its supernet'),
    )
    .addOption(
      new Option('--max-params <n>', 'find a network of at most so many parameters').argParser(positive),
    )
    .addOption(
      new Option('--max-macs <n>', 'find one of at most so many multiply-accumulates for an image').argParser(
        positive,
      ),
    )
    .option('--set <path=value>', 'change one field of the search (repeatable)', collect, [])
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option(
        '--method <name>',
        'darts, darts-pt, shapley-nas, nas-lid, hotnas, or another installed one',
      ).default(undefined, "the recipe's"),
    )
    .addOption(
      new Option('--seed <n>', 'seed of weights, data order and architecture')
        .argParser(wholeNumber)
        .default(undefined, "the recipe's"),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <dir>', 'directory of the search').default(
        undefined,
        'runs/<recipe>-<method>-s<seed>, numbered when taken',
      ),
    )
    .option('--resume <run>', 'continue a search from its last checkpoint')
    .action(async (options, self: Command) => {
      if (options.recipe === undefined && options.resume === undefined) {
        self.error(
          'error: there is nothing to search\n  hint: pass --recipe <name>, one of "manet recipes", or --resume <run>.',
        );
      }
      done(await (await import('./commands/search.ts')).search(options));
    });
}
