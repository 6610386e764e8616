// A source that is gone leaves nothing behind that would be published.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './repository.ts';

test('what has a source stays, and what has none goes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-stale-'));
  const kept = ['a.js', 'a.js.map', 'a.d.ts', 'a.d.ts.map', 'deep/b.js', '.tsbuildinfo', 'data.json'];
  const gone = ['old.js', 'old.d.ts', 'old.js.map', 'deep/old.d.ts.map', 'moved/c.js'];
  const files = [...kept, ...gone].map((file) => `packages/one/dist/${file}`);
  for (const file of [
    ...files,
    'packages/one/src/a.ts',
    'packages/one/src/deep/b.ts',
    'apps/two/README.md',
  ]) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  execFileSync(process.execPath, [join(root, 'tools/repo/remove-stale.mjs'), folder]);
  const left = files.filter((file) => existsSync(join(folder, file)));
  expect(left).toEqual(kept.map((file) => `packages/one/dist/${file}`));
});
