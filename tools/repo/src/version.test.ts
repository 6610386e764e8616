// The first release is 0.1.0 of everything, with one note; what comes after is what changesets make of it.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { files, published, root } from './repository.ts';

test('npm run release:version makes 0.1.0 of everything, with one note', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-version-'));
  for (const file of files.filter(
    (f) =>
      /^(package|\.changeset\/.*|(packages|apps|tools|docs)(\/[^/]+)?\/package)\.(json|md)$/.test(f) ||
      f.startsWith('.changeset/'),
  )) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: folder,
    });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'before');
  execFileSync(process.execPath, [join(root, 'tools/repo/version.mjs'), folder], { stdio: 'pipe' });

  for (const { folder: at, manifest } of published) {
    const { version, dependencies = {} } = JSON.parse(
      readFileSync(join(folder, at, 'package.json'), 'utf8'),
    ) as {
      version: string;
      dependencies?: Record<string, string>;
    };
    expect([manifest.name, version]).toEqual([manifest.name, '0.1.0']);
    const ours = Object.entries(dependencies).filter(([name]) =>
      published.some((p) => p.manifest.name === name),
    );
    expect(ours.filter(([, range]) => range !== '0.1.0')).toEqual([]);
    const notes = readFileSync(join(folder, at, 'CHANGELOG.md'), 'utf8');
    expect(notes.match(/^## /gm)).toEqual(['## ']);
    expect(notes.match(/The first release: /g)).toHaveLength(1);
  }
  expect(readdirSync(join(folder, '.changeset')).filter((file) => file.endsWith('.md'))).toEqual([]);
}, 60_000);
