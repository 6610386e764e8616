// The repository as the tests of this folder see it: its files, and its workspaces.

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');

export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface Workspace {
  /** `packages`, `apps` or `tools`. */
  readonly kind: string;
  /** Name of the folder; the package is called `@ma-net/` and this name. */
  readonly id: string;
  /** Relative to the root. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const { ignoredNames, ignoredPaths } = readIgnore();

/** Every file that is ours, relative to the root and sorted: all but what .gitignore names. */
export const files: readonly string[] = walk('').sort();

export const workspaces: readonly Workspace[] = files
  .filter((file) => /^(packages|apps|tools)\/[^/]+\/package\.json$/.test(file))
  .map((file) => {
    const [kind = '', id = ''] = file.split('/');
    return { kind, id, folder: `${kind}/${id}`, manifest: JSON.parse(read(file)) as Manifest };
  });

/** The libraries, public and private. */
export const packages = workspaces.filter(({ kind }) => kind === 'packages');

/** What is published. */
export const published = workspaces.filter(({ manifest }) => manifest.private !== true);

/** Entry points of a package: what is imported, and the source behind it. */
export function entries({ folder, manifest }: Workspace): readonly { specifier: string; source: string }[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) =>
    typeof target === 'object' && target !== null
      ? [{ specifier: manifest.name + path.slice(1), source: `${folder}/src/${stem(path)}.ts` }]
      : [],
  );
}

/** `.` is `index`; `./node` is `node`. */
export const stem = (path: string): string => (path === '.' ? 'index' : path.slice(2));

/** For `each`: a workspace after the title of its tests. */
export function titled(list: readonly Workspace[]): readonly (readonly [string, Workspace])[] {
  return list.map((workspace) => [workspace.folder, workspace]);
}

/** TypeScript sources of a workspace: everything under `src`, tests apart. */
export function sources({ folder }: Workspace): readonly string[] {
  return files.filter((file) => file.startsWith(`${folder}/src/`) && /(?<!\.test|\.d)\.ts$/.test(file));
}

export function tests({ folder }: Workspace): readonly string[] {
  return files.filter((file) => file.startsWith(`${folder}/`) && file.endsWith('.test.ts'));
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return ignoredNames.has(entry.name) || ignoredPaths.has(path) ? [] : walk(path);
    }
    return entry.isFile() && !/\.(log|tsbuildinfo)$|^\.DS_Store$/.test(entry.name) ? [path] : [];
  });
}

function readIgnore(): { ignoredNames: ReadonlySet<string>; ignoredPaths: ReadonlySet<string> } {
  const folders = read('.gitignore')
    .split('\n')
    .filter((line) => line.endsWith('/'))
    .map((line) => line.slice(0, -1));
  return {
    ignoredNames: new Set(['.git', ...folders.filter((f) => !f.includes('/'))]),
    ignoredPaths: new Set(folders.filter((f) => f.includes('/'))),
  };
}
