#!/usr/bin/env node
// The `manet` command. Nothing but the command line itself is loaded here: every command imports what it
// runs when it is asked for.

import { surviveLostOutput } from './lost-output.ts';
import { createProgram } from './program.ts';
import { exitCodeOf, reportError } from './report-error.ts';

let onlyPrints = true;
const program = createProgram((code) => {
  onlyPrints = code === undefined;
  process.exitCode = code ?? 0;
});

const fail = (error: unknown): void => {
  reportError(error, { debug: program.opts<{ debug?: boolean }>().debug ?? false });
  process.exitCode = exitCodeOf(error);
};

// What nobody waited for is still told in our words, and still fails.
process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});
surviveLostOutput(() => onlyPrints);

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
  if (error instanceof Error && 'code' in error && error.code === 'commander.unknownOption') {
    const { insteadOf } = await import('./recipe-flag.ts');
    const advice = insteadOf(process.argv.slice(2), error.message);
    if (advice !== undefined) process.stderr.write(`  hint: ${advice}\n`);
  }
}
