// publint over everything that is published: entry points exist and are what they say. Needs a build.
// `npm run publint` does the same package by package on what npm would pack.

import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = resolve(import.meta.dirname, '../..');

for (const folder of ['packages', 'apps'].flatMap((kind) =>
  readdirSync(resolve(root, kind)).map((id) => `${kind}/${id}`),
)) {
  const pkgDir = resolve(root, folder);
  const manifest = JSON.parse(readFileSync(resolve(pkgDir, 'package.json'), 'utf8'));
  if (manifest.private) continue;
  const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true });
  for (const message of messages) console.log(`${folder}: ${formatMessage(message, pkg)}`);
  if (messages.length > 0) process.exitCode = 1;
}
