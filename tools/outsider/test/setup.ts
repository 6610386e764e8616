// Packs everything that is published and installs it as a stranger would: in a folder outside the repository, from
// tarballs, with nothing of ours in reach. Made once for all tests of this package, and removed behind them.

import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

const root = resolve(import.meta.dirname, '../../..');

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the tarballs are, and the project that has installed them. */
    stranger: { readonly tarballs: string; readonly project: string };
  }
}

export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-outsider-'));
  const [tarballs, project] = [join(folder, 'tarballs'), join(folder, 'project')];
  mkdirSync(tarballs);
  mkdirSync(project);
  npm(root, 'run', '--silent', 'build');
  // The build has just been made, so that no package needs to make it again before it is packed.
  const packed = published().flatMap((name) => ['--workspace', name]);
  npm(root, 'pack', '--silent', '--ignore-scripts', '--pack-destination', tarballs, ...packed);
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  const files = readdirSync(tarballs).map((file) => join(tarballs, file));
  npm(project, 'install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', ...files);
  provide('stranger', { tarballs, project });
  return () => rmSync(folder, { recursive: true, force: true });
}

function published(): string[] {
  return ['packages', 'apps'].flatMap((kind) =>
    readdirSync(join(root, kind)).flatMap((id) => {
      const file = join(root, kind, id, 'package.json');
      if (!existsSync(file)) return [];
      const { name, private: hidden } = JSON.parse(readFileSync(file, 'utf8')) as {
        name: string;
        private?: boolean;
      };
      return hidden === true ? [] : [name];
    }),
  );
}

function npm(cwd: string, ...args: readonly string[]): void {
  // What npm tells the programs that it starts, the settings of this repository among it, is not what a stranger has.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}
