#!/usr/bin/env node
// The `manet` command. Nothing but the command line itself is loaded here: every command imports what it
// runs when it is asked for.

import { createProgram } from './program.ts';
import { exitCodeOf, reportError } from './report-error.ts';

const program = createProgram((code) => {
  process.exitCode = code;
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
// `manet recipes | head -1` closes the pipe on us: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
