// Everything that `npm ci` installs accepts the Node that runs these tests, and the oldest one we promise.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { minVersion, satisfies } from 'semver';
import { expect, test } from 'vitest';
import { read, root } from './repository.ts';

const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
const lock = JSON.parse(read('package-lock.json')) as {
  packages: Record<string, { version?: string; engines?: { node?: string } | string[] }>;
};
const oldest = minVersion(engines.node)?.version ?? '';

test.each([oldest, process.versions.node])('dependencies run on Node %s', (node) => {
  const refusing = Object.entries(lock.packages).flatMap(([path, { version, engines: wants }]) => {
    const range = wants !== undefined && !Array.isArray(wants) ? wants.node : undefined;
    return range === undefined || satisfies(node, range) ? [] : [`${path}@${version} needs Node ${range}`];
  });
  expect(refusing).toEqual([]);
});

test('the lockfile has the prebuilt packages of every platform (npm run lockfile)', () => {
  const script = join(root, 'tools/repo/complete-lockfile.mjs');
  expect(spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' }).stdout).toBe('');
});
