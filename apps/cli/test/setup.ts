// The command is tested as people run it: built. Does little when the build is up to date.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export default function setup(): void {
  // Type errors fail the build and the type check of `npm test`; JavaScript comes out all the same.
  const { stdout } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (!existsSync(join(root, 'apps/cli/dist/main.js'))) throw new Error(`The build failed.\n${stdout}`);
}
