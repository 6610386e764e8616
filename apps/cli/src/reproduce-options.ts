// `manet reproduce`, as it is typed.

import { type Command, Option } from 'commander';
import { positive } from './option-values.ts';
import { backendOption, threadsOption } from './shared-options.ts';

/** Adds the command; `done` is told its exit code. */
export function reproduceCommand(
  command: (name: string, about: string, examples: readonly string[]) => Command,
  done: (code: number) => void,
): void {
  command('reproduce', 'Make a table of our pages again, or one of a file, beside what was published.', [
    'manet reproduce --list',
    'manet reproduce digits',
    'manet reproduce cifar10-resnet10 --data ../cifar10 --jobs 2',
    'manet reproduce my-table.json',
  ])
    .usage('[name|file.json] [options]')
    .argument('[name|file.json]', 'a name of --list, or a file such as --print prints')
    .option('--list', 'tell which tables there are')
    .addOption(new Option('--print', 'print the table as JSON, and exit').conflicts('list'))
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option('--jobs <n>', 'processes that train at the same time').argParser(positive).default(1),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <dir>', 'folder of the runs; the same one goes on with them').default(
        undefined,
        'runs/reproduce-<name>',
      ),
    )
    .addOption(new Option('--worker').hideHelp())
    .action(async (name, options) =>
      done(await (await import('./commands/reproduce.ts')).reproduce(name, options)),
    );
}
