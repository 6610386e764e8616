// Packages one by one: each with what it says that it needs, and nothing else in reach.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 300_000 });

const { tarballs, project } = inject('stranger');
const installed = join(project, 'node_modules/@ma-net');
const folder = mkdtempSync(join(tmpdir(), 'ma-net-alone-'));
// A whole folder of packages, on a machine that may be busy.
afterAll(() => rmSync(folder, { recursive: true, force: true }), 300_000);

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (id: string): Manifest =>
  JSON.parse(readFileSync(join(installed, id, 'package.json'), 'utf8')) as Manifest;

/** The package, and those of ours that it needs. */
function closure(id: string, found = new Set<string>()): Set<string> {
  if (found.has(id)) return found;
  found.add(id);
  const { dependencies, peerDependencies } = manifestOf(id);
  for (const name of Object.keys({ ...dependencies, ...peerDependencies }))
    if (name.startsWith('@ma-net/')) closure(name.slice('@ma-net/'.length), found);
  return found;
}

const tasks = readdirSync(installed).filter((id) => /^(task-|detection$|data-coco$)/.test(id));

test('there are tasks', () => expect(tasks.length).toBeGreaterThan(6));

test.each(tasks)('%s installs and is imported alone, and its parts open', (id) => {
  const own = join(folder, id);
  mkdirSync(own);
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name: 'alone', private: true, type: 'module' }));
  const needed = closure(id);
  const files = [...needed].map((name) => join(tarballs, `ma-net-${name}-${manifestOf(name).version}.tgz`));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const flags = ['--silent', '--prefer-offline', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...flags, ...files], { cwd: own, env, stdio: 'pipe' });
  expect(readdirSync(join(own, 'node_modules/@ma-net')).sort()).toEqual([...needed].sort());

  const entries = Object.entries(manifestOf(id).exports).flatMap(([path, target]) =>
    typeof target === 'object' ? [`@ma-net/${id}${path.slice(1)}`] : [],
  );
  writeFileSync(
    join(own, 'main.js'),
    `for (const entry of ${JSON.stringify(entries)}) {
       const { parts = [] } = await import(entry);
       for (const part of parts) {
         const options = part.schema.parse({});
         if (part.kind !== 'data') await part.open(options);
       }
       console.log(entry, parts.length);
     }`,
  );
  const { stdout, stderr, status } = spawnSync(process.execPath, ['main.js'], {
    cwd: own,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toHaveLength(entries.length);
  if (id.startsWith('task-')) expect(stdout).toMatch(/\/parts [1-9]/);
});
