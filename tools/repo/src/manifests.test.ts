// Every package looks the same: the same keys in the same order, and the same way to its source.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { links } from './markdown.ts';
import {
  files,
  type Manifest,
  packages,
  published,
  read,
  root,
  stem,
  titled,
  workspaces,
} from './repository.ts';

const project = JSON.parse(read('package.json')) as Manifest;
/** What others install or import; an app that is not published is a page, and its bundler builds it. */
const built = workspaces.filter(
  ({ kind, manifest }) => kind === 'packages' || (kind === 'apps' && manifest.private !== true),
);

test('there are packages to look at', () => {
  expect(packages.map(({ id }) => id)).toContain('core');
});

test('what manifests have in common is said once, in the root (npm run manifests)', () => {
  const script = join(root, 'tools/repo/manifests.mjs');
  expect(spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' }).stdout).toBe('');
});

describe.each(titled(published))('%s', (folder, { manifest }) => {
  test('says what it is, whose it is and where it is from', () => {
    const { keywords, homepage, bugs, license, author, repository } = manifest;
    const page = (project['homepage'] as string).replace('#readme', '');
    expect({ homepage, bugs, license, author, repository }).toEqual({
      homepage: `${page}/tree/main/${folder}#readme`,
      bugs: { url: `${page}/issues` },
      license: project['license'],
      author: project['author'],
      repository: { type: 'git', url: `git+${page}.git`, directory: folder },
    });
    const own = (keywords as string[]).filter((word) => !(project['keywords'] as string[]).includes(word));
    expect(own).not.toEqual([]);
  });

  test('is packed built, with its sources and its licence, without tests', () => {
    const prepack = 'npm --prefix ../.. run --silent build';
    expect(manifest['scripts']).toMatchObject({ prepack, publint: 'publint' });
    expect(manifest['publishConfig']).toEqual({ access: 'public', 'ignore-scripts': false });
    expect(manifest['files']).toEqual(
      expect.arrayContaining(['dist', 'src', '!**/*.test.*', '!**/.tsbuildinfo']),
    );
    expect(files).toContain(`${folder}/LICENSE`);
  });

  test('links from its README by what the registry resolves: within the repository, or absolute', () => {
    expect(links(read(`${folder}/README.md`)).filter((link) => link.startsWith('/'))).toEqual([]);
  });

  test('names its commands as npm wants them', () => {
    const { bin = {} } = manifest as { bin?: Record<string, string> };
    for (const file of Object.values(bin)) {
      expect(file).not.toMatch(/^\.?\//);
      expect(files).toContain(`${folder}/${file}`);
    }
  });
});

describe.each(titled(workspaces))('%s', (_, { id, manifest }) => {
  test('is called after its folder, is ESM and has one description', () => {
    expect(manifest).toMatchObject({ name: `@ma-net/${id}`, type: 'module' });
    expect(manifest['description']).toMatch(/^\S.{10,120}\.$/);
  });
});

describe.each(titled(built))('%s', (folder, { id, manifest }) => {
  test('has what a published package needs', () => {
    const required = ['version', 'license', 'type', 'sideEffects', 'engines', 'exports', 'files'];
    expect(required.filter((key) => !Object.hasOwn(manifest, key))).toEqual([]);
    expect(manifest['scripts']).toMatchObject({ test: `vitest run --root ../.. --project @ma-net/${id}` });
  });

  test('supports the Node that the repository supports', () => {
    const { node } = manifest['engines'] as { node: string };
    expect(node.startsWith((project['engines'] as { node: string }).node)).toBe(true);
  });

  test('is read from source here and from dist elsewhere', () => {
    const paths = Object.keys(manifest.exports ?? {});
    if (files.includes(`${folder}/src/index.ts`)) expect(paths[0]).toBe('.');
    expect(paths.at(-1)).toBe('./package.json');
    const expected = paths.map((path) => [path, isFile(path) ? path : moduleAt(path)]);
    expect(Object.entries(manifest.exports ?? {})).toEqual(expected);
  });
});

test('the compiler builds every package and app', () => {
  const { references } = JSON.parse(read('tsconfig.json')) as { references: { path: string }[] };
  expect(references.map(({ path }) => path).sort()).toEqual(built.map(({ folder }) => folder).sort());
});

const isFile = (path: string): boolean => path === './package.json' || path.startsWith('./assets/');

const moduleAt = (path: string) => ({
  '@ma-net/source': `./src/${stem(path)}.ts`,
  types: `./dist/${stem(path)}.d.ts`,
  default: `./dist/${stem(path)}.js`,
});
