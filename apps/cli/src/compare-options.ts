// `manet compare`: methods on a recipe, or networks on photographs.

import { type Command, Option } from 'commander';
import { collect, milliseconds, part, wholeNumbers } from './option-values.ts';
import { backendOption, leastOption, removal, threadsOption } from './shared-options.ts';

/** The options of `manet compare`, and what it does; `done` is told the code. */
export function compareOptions(command: Command, done: (code: number | void) => void): void {
  command
    .usage('--recipe <name> [options] | <run> <run>... <photo...>')
    .argument('[paths...]', 'runs or files of networks, then photos: side by side in one picture')
    .option(
      '--recipe <name>',
      'a name of "manet recipes", a .json, .mjs or .ts file, or a run; several as a,b or methods-* are compared as they are, and searches by what they find',
    )
    .option('--set <path=value>', 'change one field of the recipe (repeatable)', collect, [])
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option('--seeds <list>', 'seeds, as 0..4 or 0,1,2')
        .argParser(wholeNumbers)
        .default([0, 1, 2, 3, 4], '0..4'),
    )
    .addOption(
      new Option('--methods <list>', 'what to compare; the others with the first')
        .argParser((text) => text.split(','))
        .default(undefined, 'plain,magnitude,slim,ma-net'),
    )
    .addOption(
      removal('--remove <part>', 'let this part of the stored parameters go, as 50% or 0.5', part).default(
        undefined,
        "the recipe's, or 50%",
      ),
    )
    .addOption(removal('--remove-macs <part>', 'let this part of the multiply-accumulates go', part))
    .addOption(
      removal('--latency <ms>', 'let units go until a sample takes so long here, as 3ms', milliseconds),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <path>', 'folder of the comparison, which goes on there; or the picture').default(
        undefined,
        'runs/compare-<recipe>, or compare.svg',
      ),
    )
    .addOption(leastOption())
    .option('--force', 'replace a picture that manet did not write')
    .action(async (paths: string[], { recipe, ...options }) => {
      if (paths.length > 0 && recipe === undefined) {
        const { comparePictures } = await import('./commands/compare-pictures.ts');
        return done(await comparePictures(paths, options));
      }
      if (paths.length > 0 || recipe === undefined) {
        command.error(
          'error: either a recipe is compared, or networks\n  hint: pass --recipe <name>, or two runs and a photo.',
        );
      }
      return done(await (await import('./commands/compare.ts')).compare({ recipe, ...options }));
    });
}
