// What did not run is told, with its reason: the reporter behind the last lines of `npm test`.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './repository.ts';

test('one line for each reason, and none for what ran', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-skipped-'));
  writeFileSync(
    join(folder, 'some.test.js'),
    `test('runs', () => {});
     test.skip('conv > a (no kernel)', () => {});
     test.skip('conv > b (no kernel)', () => {});
     describe('webgpu', () => test.skip('webgpu is not available: no adapter', () => {}));
     test('as it runs', ({ skip }) => skip('no disk'));`,
  );
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporter = join(root, 'tools/repo/skipped.mjs');
  const args = [vitest, 'run', '--root', folder, '--globals', `--reporter=${reporter}`];
  const env = { ...process.env, MA_NET_SKIPPED: join(folder, 'skipped.txt') };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
  expect(readFileSync(env.MA_NET_SKIPPED, 'utf8').trim().split('\n')).toEqual([
    expect.stringMatching(/: no kernel \(2 times\)$/),
    expect.stringMatching(/: webgpu is not available: no adapter$/),
    expect.stringMatching(/: no disk$/),
  ]);
});
