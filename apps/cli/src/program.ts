// The command line: names, options and their defaults. What a command does is in `commands/`, imported when
// it is run.

import { Command, Option } from 'commander';
import { compareOptions } from './compare-options.ts';
import { helpStyle, withExamples } from './help.ts';
import { collect, milliseconds, number, part, wholeNumber } from './option-values.ts';
import {
  backendOption,
  bestOption,
  dataOption,
  forceOption,
  leastOption,
  outOption,
  removal,
  threadsOption,
} from './shared-options.ts';
import { reproduceCommand } from './reproduce-options.ts';
import { searchCommand } from './search-options.ts';
import { sweepCommand } from './sweep-options.ts';
import { ownVersion } from './version.ts';

/**
 * The whole `manet` command. `setExitCode` is told the code of a command that did not throw; undefined if what
 * it printed is what it was asked for.
 */
export function createProgram(setExitCode: (code: number | undefined) => void): Command {
  const done = (code: number | void): void => setExitCode(code ?? undefined);
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
    .helpOption('-h, --help', 'explain manet or a command')
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
    'mpirun -n 4 manet train --recipe cifar10-resnet18 --data ../cifar10',
  ])
    .usage('--recipe <name> [--set path=value]... [options]')
    .option('--recipe <name>', 'a name of "manet recipes", a .json, .mjs or .ts file, or a run')
    .option('--set <path=value>', 'change one field of the recipe (repeatable)', collect, [])
    .option('--data <dir>', 'folder of the data set; the digits need none')
    .addOption(
      new Option('--method <name>', 'plain, magnitude, slim, ma-net, or another installed one').default(
        undefined,
        "the recipe's",
      ),
    )
    .addOption(
      new Option('--seed <n>', 'seed of weights and data order')
        .argParser(wholeNumber)
        .default(undefined, "the recipe's"),
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <dir>', 'directory of the run').default(
        undefined,
        'runs/<recipe>-<method>-s<seed>, numbered when taken',
      ),
    )
    .option('--resume <run>', 'continue a run from its last checkpoint')
    .option('--tensorboard', 'write event files for TensorBoard, too, in <run>/tensorboard')
    .option('--sync-bn', 'under mpirun: normalise with the moments of all ranks')
    .option('--json', 'print what happens as JSON, a line each; words go to stderr')
    .addOption(
      new Option('--print', 'print the resolved recipe and exit').conflicts([
        'out',
        'backend',
        'resume',
        'json',
      ]),
    )
    .action(async (options, command: Command) => {
      if (options.recipe === undefined && options.resume === undefined) {
        command.error(
          'error: there is nothing to train\n  hint: pass --recipe <name>, one of "manet recipes", or --resume <run>.',
        );
      }
      done(await (await import('./commands/train.ts')).train(options));
    });

  compareOptions(
    command('compare', 'Compare methods on a recipe, over seeds; or what networks see in the same photos.', [
      'manet compare --recipe digits --seeds 0..4',
      'manet compare runs/coco-plain runs/coco-ma-net street.jpg --out figure.svg',
      'manet compare --recipe digits --seeds 0,1 --methods slim,ma-net --remove 70%',
      "manet compare --recipe 'methods-*' --seeds 0..2",
    ]),
    done,
  );

  sweepCommand(command, done);
  reproduceCommand(command, done);
  searchCommand(command, done);

  command('eval', 'Measure a run or an exported network on the test images.', [
    'manet eval runs/digits-ma-net-s0',
    'manet eval runs/digits-ma-net-s0/pruned.safetensors --backend cpu',
    'manet eval --results found.json --data coco',
  ])
    .usage('[run|file] [options]')
    .argument('[run|file]', 'a run directory, or a file of "manet prune" or "manet export"')
    .option('--classes', 'tell the measures of every class, too')
    .option('--budgets', 'tell accuracy against multiply-accumulates, leaving early, too')
    .option('--results <file>', "measure a results file of COCO's tools on the images of --data instead")
    .addOption(bestOption())
    .addOption(dataOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (path, options, command: Command) => {
      if (path === undefined && options.results === undefined) {
        command.error(
          'error: there is nothing to measure\n  hint: pass a run, a file, or --results <file> with --data <dir>.',
        );
      }
      done(await (await import('./commands/eval.ts')).evaluate(path, options));
    });

  command('predict', 'Say what is on photos: of a run, its pruned file, or its graph; each is enough.', [
    'manet predict runs/photos-resnet18-ma-net-s0 cat.jpg dog.png',
    'manet predict network.onnx photos/ --top 1 --json',
    'manet predict pruned.safetensors cat.jpg --pictures annotated',
    'manet predict runs/coco-ma-net street.jpg --least 0.5 --results found.json',
  ])
    .usage('<run|file> <photo...> [options]')
    .argument('<run|file>', 'a run directory, or a file of "manet prune" or "manet export"')
    .argument('<photo...>', 'JPEG, PNG or WebP files, or folders of them')
    .addOption(
      new Option('--top <n>', 'classes to name, the likeliest first').argParser(wholeNumber).default(5),
    )
    .addOption(leastOption())
    .option('--json', 'print JSON')
    .option('--pictures <dir>', 'folder for the photos with their classes or objects, an SVG each')
    .option('--png', 'write these as PNG files, too')
    .option('--results <file>', "all objects as a results file of COCO's tools")
    .option('--force', 'replace files that manet did not write')
    .addOption(bestOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (path, photos, options) =>
      done(await (await import('./commands/predict.ts')).predict(path, photos, options)),
    );

  command('prune', 'Plan the removal of connections and channels, print it, and write what is left.', [
    'manet prune runs/digits-ma-net-s0 --dry-run',
    'manet prune runs/digits-ma-net-s0',
    'manet prune runs/digits-ma-net-s0 --remove-modulated 40%',
  ])
    .usage('<run> [options]')
    .argument('<run>', 'a run directory')
    .addOption(
      new Option('--delta <p>', 'remove connections of a lower probability, and re-estimate statistics')
        .argParser(number)
        .conflicts('removeModulated'),
    )
    .addOption(
      new Option('--remove-modulated <part>', 'remove this part of the modulated parameters, as 40% or 0.4')
        .argParser(part)
        .default(undefined, 'as trained'),
    )
    .option('--dense', 'keep every channel in place: dead connections are zeros')
    .option('--recalibrate', 're-estimate the running statistics in any case')
    .addOption(
      new Option('--dry-run', 'print the groups that are cut and the plan, and write nothing').conflicts([
        'out',
        'recalibrate',
      ]),
    )
    .addOption(
      new Option('--group <name>', 'show this coupling group and all that goes of it; write nothing')
        .conflicts(['out', 'recalibrate'])
        .implies({ dryRun: true }),
    )
    .addOption(outOption('<run>/pruned.safetensors'))
    .addOption(forceOption())
    .addOption(bestOption())
    .addOption(dataOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (path, options) => done(await (await import('./commands/prune.ts')).prune(path, options)));

  command('shrink', 'Fine-tune a trained network while units go, and write what is left.', [
    'manet shrink resnet50.safetensors --data photos --remove-params 50%',
    'manet shrink hub --network resnet18 --data photos --remove-macs 60%',
    'manet shrink runs/cifar10-resnet10-plain-s0 --latency 0.5ms',
  ])
    .usage('<weights|run> [--data <folder>] [options]')
    .argument('<weights|run>', 'a safetensors file of torchvision or timm, "hub", or a run directory')
    .addOption(
      new Option(
        '--data <folder>',
        'one folder of images for each class, or train/ and val/ of such',
      ).default(undefined, "a run's own data"),
    )
    .addOption(
      new Option('--network <name>', 'the network of the weights, one of "manet networks"').default(
        undefined,
        'as the file is called',
      ),
    )
    .addOption(
      removal('--remove-params <part>', 'let this part of the stored parameters go', part).default(
        undefined,
        '50%',
      ),
    )
    .addOption(removal('--remove-macs <part>', 'let this part of the multiply-accumulates go', part))
    .addOption(
      removal('--latency <ms>', 'let units go until an image takes so long here, as 3ms', milliseconds),
    )
    .option(
      '--no-held-out',
      'train on all images and choose by them: for folders with too few to hold a tenth of each class out',
    )
    .addOption(new Option('--epochs <n>', 'passes over the images').argParser(wholeNumber).default(6))
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(
      new Option('--out <dir>', 'folder of the result; the same one goes on with it').default(
        undefined,
        'runs/shrink-<name>',
      ),
    )
    .action(async (source, options) =>
      done(await (await import('./commands/shrink.ts')).shrink(source, options)),
    );

  command('export', 'Write the pruned, compacted network of a run for other programs.', [
    'manet export runs/digits-ma-net-s0 --format safetensors',
    'manet export runs/digits-ma-net-s0 --format onnx --verify',
    'manet export runs/digits-ma-net-s0 --format tfjs --out web/digits',
    'manet export runs/digits-ma-net-s0 --dense --out resnet8.safetensors',
  ])
    .usage('<run|file> [options]')
    .argument('<run|file>', 'a run directory, or a file of "manet prune"')
    .addOption(
      new Option(
        '--format <name>',
        'safetensors (PyTorch layout), onnx or tfjs (graphs), or another installed one',
      ).default('safetensors'),
    )
    .option('--no-normalisation', 'onnx, tfjs: take normalised images instead of pixels')
    .addOption(
      new Option('--opset <n>', 'onnx: the operator set')
        .argParser(wholeNumber)
        .default(undefined, 'the lowest that serves'),
    )
    .option('--no-model', 'safetensors: leave out the PyTorch model, <name>.py beside the weights')
    .option('--verify', 'compare the file with the run on every test image')
    .option('--dense', 'keep every channel in place, as the unpruned network has them')
    .option('--recalibrate', 're-estimate the running statistics')
    .addOption(outOption('<run>/network.<format>'))
    .addOption(forceOption())
    .addOption(bestOption())
    .addOption(dataOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (path, options) =>
      done(await (await import('./commands/export.ts')).exportNetwork(path, options)),
    );

  command('report', 'Write what runs did as one page of figures that needs no other file.', [
    'manet report runs/digits-ma-net-s0',
    'manet report runs/compare-digits --out digits.html --png',
  ])
    .usage('<run...> [options]')
    .argument('<run...>', 'run directories, or folders of them')
    .addOption(new Option('--out <file>', 'what to write').default('report.html'))
    .option('--svg', 'each figure as an SVG, too, in <out>-figures')
    .option('--png', 'each figure as a PNG, too, in <out>-figures')
    .option('--no-time', 'leave out how long an image takes here')
    .addOption(forceOption())
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (paths, options) =>
      done(await (await import('./commands/report.ts')).report(paths, options)),
    );

  command('watch', 'Show a run in a page that changes while it trains, for this machine alone.', [
    'manet watch runs/digits-ma-net-s0',
  ])
    .usage('<run> [options]')
    .argument('<run>', 'a run directory')
    .addOption(
      new Option('--port <n>', 'of the page; 0 for any that is free').argParser(wholeNumber).default(6061),
    )
    .action(async (path, options) => done(await (await import('./commands/watch.ts')).watch(path, options)));

  command('data', 'Download a published data set, or look through a folder of images.', [
    'manet data download cifar10',
    'manet data check photos',
  ])
    .usage('download <name> | check <folder> [options]')
    .argument('<action>', 'download or check')
    .argument('<what>', "cifar10 or cifar100; or a folder of images, one folder a class, or in COCO's layout")
    .option('--out <dir>', 'download: where the folder of the data set goes', 'data')
    .action(async (action, what, options) =>
      done(await (await import('./commands/data.ts')).data(action, what, options)),
    );

  command('recipes', 'List the recipes, or print one.', [
    'manet recipes',
    'manet recipes digits',
    'manet recipes --schema',
  ])
    .usage('[name]')
    .argument('[name]', 'print this recipe, with every field')
    .option('--schema', 'print the JSON schema of recipes, for editors')
    .action(async (name, options) =>
      done(await (await import('./commands/recipes.ts')).listRecipes(name, options)),
    );

  command('init', 'Write a recipe of your own to begin with, in TypeScript.', [
    'manet init',
    'manet init flowers.ts',
  ])
    .usage('[file]')
    .argument('[file]', 'what to write', 'recipe.ts')
    .option('--force', 'replace a recipe that "manet init" wrote')
    .action(async (file, options) => done(await (await import('./commands/init.ts')).init(file, options)));

  command('networks', 'List the task networks of the zoo.', ['manet networks']).action(async () =>
    done(await (await import('./commands/networks.ts')).listNetworks()),
  );

  command('doctor', 'Tell what this machine can run, and why not the rest.', ['manet doctor']).action(
    async () => done(await (await import('./commands/doctor.ts')).doctor()),
  );

  command('bench', 'Time a training step on every backend that runs here.', [
    'manet bench',
    'manet bench --network resnet18-cifar --batch 32 --backend onnx',
  ])
    .option('--network <name>', 'a network of the zoo', 'resnet10-cifar')
    .addOption(new Option('--batch <n>', 'images of a mini-batch').argParser(wholeNumber).default(64))
    .addOption(new Option('--steps <n>', 'steps timed of each kind').argParser(wholeNumber).default(10))
    .addOption(new Option('--backend <name>', 'time only this one').default(undefined, 'all that run here'))
    .addOption(threadsOption())
    .action(async (options) => done(await (await import('./commands/bench.ts')).bench(options)));

  command('demo', 'Halve a small network on real digits, as an MA-Net and in the ways it is compared with.', [
    'manet demo',
    'manet demo --recipe scenes-fcos',
  ])
    .addOption(
      new Option('--recipe <name>', 'train this one plain and as an MA-Net, and show what both see').default(
        undefined,
        'the digits',
      ),
    )
    .option('--set <path=value>', 'with --recipe: change one field of it (repeatable)', collect, [])
    .option('--data <dir>', 'with --recipe: folder of the data set')
    .addOption(new Option('--seed <n>', 'seed of weights and data order').argParser(wholeNumber).default(0))
    .addOption(backendOption())
    .addOption(threadsOption())
    .action(async (options) => {
      if (options.recipe === undefined) return done(await (await import('./commands/demo.ts')).demo(options));
      return done(await (await import('./commands/demo-recipe.ts')).demoRecipe(options));
    });

  command('help', 'Explain manet or a command.', ['manet help train'])
    .usage('[command]')
    .argument('[command]', 'the command to explain')
    .action(async (name: string | undefined, _, self: Command) => {
      if (name === undefined) return program.help();
      const names = program.commands.map((known) => known.name());
      const asked = program.commands.find((known) => known.name() === name);
      if (asked !== undefined) return asked.help();
      const { suggestion } = await import('@ma-net/core');
      return self.error(`error: unknown command '${name}'\n  hint: ${suggestion(name, names)}`);
    });

  return program;
}
