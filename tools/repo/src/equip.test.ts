// What the tests need of a machine is asked for whole: a browser alone leaves WebGPU without a driver, and then
// everything about it is skipped.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './repository.ts';

/** Runs equip.mjs on a machine with these programs (their text) and no library. */
function equip(
  programs: Readonly<Record<string, string>>,
  ...args: string[]
): { said: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-equip-'));
  mkdirSync(join(folder, '.cache/ma-net/tfjs-node'), { recursive: true });
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const env = { PATH: folder, HOME: folder, MA_NET_LIBRARIES: folder };
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/repo/equip.mjs'), ...args], {
    encoding: 'utf8',
    env,
  });
  return { said: `${stdout}${stderr}`, folder };
}

test.each([
  ['apt-get', 'apt-get install -qy --no-install-recommends chromium libvulkan1 openmpi-bin'],
  ['dnf', 'dnf install -qy chromium vulkan-loader openmpi'],
  ['apk', 'apk add -q chromium vulkan-loader openmpi'],
])('%s would install the browser with the loader of its renderer', (manager, command) => {
  const installer = command.replace('apt-get install', 'DEBIAN_FRONTEND=noninteractive apt-get install');
  expect(equip({ [manager]: '' }).said).toContain(`try "${installer}"`);
});

test('a browser without the loader is half of it: the loader is asked for', () => {
  const { said } = equip({ 'apt-get': '', chromium: '', mpirun: '' });
  expect(said).toMatch(/^chromium: \/.*\/chromium$/m);
  expect(said).toMatch(
    /^vulkan loader: not installed, try ".*install -qy --no-install-recommends libvulkan1"; tests of WebGPU are skipped$/m,
  );
});

test.runIf(process.getuid?.() === 0)('--install runs the package manager, and tells what it refused', () => {
  const { said, folder } = equip({ 'apt-get': `echo "$@" >> ${'${HOME}'}/asked` }, '--install');
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe(
    [
      'update -q',
      'install -qy --no-install-recommends --download-only chromium libvulkan1 openmpi-bin',
      'install -qy --no-install-recommends chromium libvulkan1 openmpi-bin',
      '',
    ].join('\n'),
  );
  expect(said).toContain('vulkan loader: installed');
  const refused = equip({ 'apt-get': 'echo "E: no network" >&2; exit 100' }, '--install').said;
  expect(refused).toContain(
    'vulkan loader: apt-get could not install it (E: no network); tests of WebGPU are skipped',
  );
});

test('without a package manager it says so', () => {
  expect(equip({}, '--install').said).toContain('not installed, and no package manager is known here');
});
