// Every package looks the same: the same keys in the same order, and the same way to its source.

import { describe, expect, test } from 'vitest';
import { files, type Manifest, packages, published, read, stem, titled, workspaces } from './repository.ts';

const order = [
  'name',
  'version',
  'private',
  'description',
  'keywords',
  'license',
  'type',
  'sideEffects',
  'engines',
  'bin',
  'exports',
  'imports',
  'generators',
  'files',
  'scripts',
  'nx',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'optionalDependencies',
  'devDependencies',
];
const required = ['name', 'version', 'description', 'license', 'type', 'sideEffects', 'engines', 'exports'];

const project = JSON.parse(read('package.json')) as Manifest;
const built = workspaces.filter(({ kind }) => kind !== 'tools');

test('there are packages to look at', () => {
  expect(packages.map(({ id }) => id)).toContain('core');
});

describe.each(titled(workspaces))('%s', (_, { id, manifest }) => {
  test('keeps the keys in order', () => {
    const keys = Object.keys(manifest);
    expect(keys).toEqual(order.filter((key) => keys.includes(key)));
  });

  test('is called after its folder, is ESM and has one description', () => {
    expect(manifest).toMatchObject({ name: `@ma-net/${id}`, type: 'module' });
    expect(manifest['description']).toMatch(/^\S.{10,120}\.$/);
  });

  test('takes workspace packages at the version they have', () => {
    const versions = new Map(workspaces.map((w) => [w.manifest.name, w.manifest.version]));
    const { dependencies = {}, devDependencies = {} } = manifest;
    const wrong = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([name, range]) => versions.has(name) && versions.get(name) !== range,
    );
    expect(wrong).toEqual([]);
  });
});

describe.each(titled(built))('%s', (folder, { id, manifest }) => {
  test('has what a published package needs', () => {
    expect(required.filter((key) => !Object.hasOwn(manifest, key))).toEqual([]);
    expect(manifest).toMatchObject({ license: 'MIT' });
    expect(manifest['files']).toContain('dist');
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

test('everything published is checked by publint and brings its licence', () => {
  const unchecked = published.filter(
    ({ manifest }) => (manifest['scripts'] as Record<string, string>)['publint'] !== 'publint',
  );
  expect(unchecked.map(({ folder }) => folder)).toEqual([]);
  expect(published.filter(({ folder }) => !files.includes(`${folder}/LICENSE`)).map((w) => w.folder)).toEqual(
    [],
  );
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
