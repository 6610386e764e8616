import { NEURON_LEVEL } from '@ma-net/mnet';
import { findRecipe } from '@ma-net/recipes';
import { compare, type RunResult } from '@ma-net/run/node';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { installed } from '../installed.ts';
import { interruptible } from '../interrupt.ts';
import { changed, count, duration, percent } from '../quantities.ts';
import { EXIT } from '../report-error.ts';
import { freeFolder } from '../run-path.ts';
import { createScreen, warn } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, showing } from '../training.ts';

export interface DemoArguments {
  readonly seed: number;
  readonly backend: string;
  readonly threads?: number;
}

/** What is trained, and how the table calls it. */
const METHODS = { plain: 'baseline', magnitude: 'structured magnitude', slim: 'slim', 'ma-net': 'MA-Net' };

/** Columns of the table at the end, and its rows. Numbers are those of what is stored, compacted. */
export const HEAD = ['', 'test top1', 'parameters', 'bytes', 'MACs', 'per image'];
export const ROWS = Object.values(METHODS);

/**
 * `manet demo`, which is `npm start`: on real digits, from the same mini-batches, the baseline, and three ways to half of
 * its size: structured magnitude pruning, a network that is slim from the beginning, and MA-Net at neuron level.
 */
export async function demo({ seed, backend: wanted, threads }: DemoArguments): Promise<number> {
  const screen = createScreen();
  const started = performance.now();
  const backend = await start(wanted, { threads });
  const out = freeFolder(`runs/demo-s${seed}`);
  screen.line(`${backend.name}: ${backend.device}`);
  const { results, complete } = await interruptible(
    () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
    (signal) =>
      compare(
        { recipe: findRecipe('digits'), seeds: [seed], methods: Object.keys(METHODS), rule: NEURON_LEVEL },
        {
          out,
          installed: installed(),
          backend,
          signal,
          tell: warn,
          async watch({ method, path }, open, state) {
            screen.line();
            screen.heading(`${METHODS[method as keyof typeof METHODS]} (${path}): ${describeRun(open)}`);
            return showing(open, state, screen);
          },
        },
      ),
  );
  if (!complete) {
    const rest = `compare --recipe digits --seeds ${seed} --out ${out}`;
    screen.line(`\nStopped and saved. Go on with: ${manet()} ${rest}`);
    return EXIT.interrupted;
  }
  screen.line();
  for (const line of table(HEAD, rowsOf(results), screen.width)) screen.line(line);
  const largest = Math.max(...results.map(({ difference }) => difference));
  screen.line(
    `\nOn every test image the compacted networks compute what the trained ones did, within ${largest.toExponential(0)}.`,
  );
  screen.line(
    `Everything took ${duration((performance.now() - started) / 1000)}. The networks are in ${out}.`,
  );
  screen.line(`  next: ${manet()} compare --help`);
  return 0;
}

function rowsOf(results: readonly RunResult[]): string[][] {
  const [first] = results;
  return results.map(({ method, headline, test, parameters, bytes, macs, milliseconds }) => [
    METHODS[method as keyof typeof METHODS],
    percent(test[headline]!),
    changed(parameters, first!.parameters),
    changed(bytes, first!.bytes),
    changed(macs, first!.macs),
    `${count(1000 * milliseconds.compacted)} µs`,
  ]);
}
