#!/usr/bin/env node
// In the repository npm links `manet` before anything is built, and only to a file that is there.

import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error(
    'error: manet has not been built.\n  hint: run "npm run build" in the root of the repository.',
  );
  process.exitCode = 1;
}
