// The generator, run by nx in a copy of the files it touches: what it makes has to compile and pass its tests.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'manet-nx-'));
const read = (path: string): string => readFileSync(join(copy, path), 'utf8');

/** Runs a tool of ours in the copy; what it printed. */
function run(tool: string, ...args: string[]): string {
  const env = { ...process.env, NX_DAEMON: 'false', NX_CLOUD_NO_TIMEOUTS: 'true', FORCE_COLOR: '0' };
  return execFileSync(join(root, 'node_modules/.bin', tool), args, {
    cwd: copy,
    env,
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

beforeAll(() => {
  for (const file of ['nx.json', 'package.json', 'tsconfig.base.json', 'tsconfig.check.json', 'biome.json'])
    cpSync(join(root, file), join(copy, file));
  for (const folder of ['src', 'test', 'fixtures', 'package.json', 'tsconfig.json'])
    cpSync(join(root, 'packages/tnet', folder), join(copy, 'packages/tnet', folder), { recursive: true });
  cpSync(join(root, 'packages/core/tsconfig.json'), join(copy, 'packages/core/tsconfig.json'));
  mkdirSync(join(copy, 'docs/tnet'), { recursive: true });
  for (const folder of ['apps', 'tools']) mkdirSync(join(copy, folder));
  cpSync(join(root, 'vitest.config.ts'), join(copy, 'vitest.config.ts'));
  writeFileSync(join(copy, '.gitignore'), 'node_modules\n');
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  run('nx', 'g', '@ma-net/nx:tnet', 'mobile-net', '--no-interactive');
}, 120_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test('makes code, test and page, and registers both variants', () => {
  expect(read('packages/tnet/src/mobile-net.ts')).toContain(
    'export function mobileNet(\n  name: string,\n  shape: MobileNetShape,',
  );
  expect(read('docs/tnet/mobile-net.md')).toMatch(/^# MobileNet\n/);
  expect(read('packages/tnet/src/zoo.ts')).toMatch(
    /'mobile-net': mobileNet\(.*\n\s+'mobile-net-test': mobileNet\(/,
  );
  const exports = read('packages/tnet/src/index.ts').split('\n');
  expect(exports.indexOf("export { type MobileNetShape, mobileNet } from './mobile-net.ts';")).toBeLessThan(
    exports.findIndex((line) => line.endsWith(" from './options.ts';")),
  );
});

test('what it makes compiles, and is formatted', () => {
  run('tsc', '-p', 'tsconfig.check.json');
  run('biome', 'format', '--vcs-enabled=false', 'packages');
}, 120_000);

test('what it makes passes its own tests and those of the zoo', () => {
  const report = run(
    'vitest',
    'run',
    '--reporter=json',
    'packages/tnet/src/mobile-net.test.ts',
    'packages/tnet/src/zoo.test.ts',
  );
  const { success, testResults } = JSON.parse(report.slice(report.indexOf('{'))) as {
    success: boolean;
    testResults: { assertionResults: { fullName: string; status: string }[] }[];
  };
  expect(success).toBe(true);
  const passed = testResults.flatMap((file) => file.assertionResults).filter((t) => t.status === 'passed');
  expect(passed.filter(({ fullName }) => fullName.includes('mobile-net-test')).length).toBeGreaterThanOrEqual(
    3,
  );
}, 120_000);

test('an existing network is not overwritten', () => {
  expect(() => run('nx', 'g', '@ma-net/nx:tnet', 'resnet', '--no-interactive')).toThrow(
    /There already is packages\/tnet\/src\/resnet\.ts/,
  );
}, 60_000);

test('a name that could not be one of a file is refused', () => {
  expect(() => run('nx', 'g', '@ma-net/nx:tnet', 'Mobile_Net', '--no-interactive')).toThrow();
}, 60_000);
